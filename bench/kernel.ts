/** A kernel at work in another process, asked for slices. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { KernelAnswer, KernelRequest } from './kernel-process.js';
import type { Figure } from './measure.js';

const PROCESS = new URL('./kernel-process.js', import.meta.url);

export class Kernel {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #ended: Promise<never>;

  private constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#process = child;
    this.#ended = once(child, 'exit').then(() => {
      throw new Error(`the process of the kernel ${name} ended`);
    });
    // Its end is a fault only while an answer is awaited.
    this.#ended.catch(() => {});
  }

  /** Starts a process with this kernel, or the best one; undefined when this CPU has no such. */
  static async start(name?: string): Promise<Kernel | undefined> {
    const env = name === undefined ? process.env : { ...process.env, MPIN_KERNEL: name };
    // Without the kernel the addon refuses to load: that answer is expected, not an error to show.
    const stderr = name === undefined ? 'inherit' : 'ignore';
    const child = fork(PROCESS, { env, stdio: ['ignore', 'inherit', stderr, 'ipc'] });
    const started = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    const [answer] = started as [KernelAnswer | number | null];
    if (answer !== null && typeof answer === 'object') return new Kernel(answer.kernel, child);
    if (name === undefined) throw new Error('the core does not load');
    return undefined;
  }

  async slice(): Promise<void> {
    await this.#ask('slice');
  }

  /** What was measured; ends the process. */
  async end(): Promise<readonly Figure[]> {
    const { figures } = await this.#ask('figures');
    this.#process.disconnect();
    return figures;
  }

  async #ask(request: KernelRequest): Promise<KernelAnswer> {
    const answered = once(this.#process, 'message');
    this.#process.send(request);
    const [answer] = (await Promise.race([answered, this.#ended])) as [KernelAnswer];
    return answer;
  }
}
