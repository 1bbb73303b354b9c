/**
 * A child process that runs a command of this program. It hears of this process's end by its IPC
 * channel, which the kernel closes whatever the end was (ops/lifecycle.ts).
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface ChildSpec {
  /** How it is called in messages. */
  readonly name: string;
  /** The command it runs; its name when absent. */
  readonly command?: string;
  readonly args: readonly string[];
  /** Time to stop by itself before it is killed, in milliseconds. */
  readonly stopMsMax?: number;
}

/** Time for a child to stop by itself before it is killed, in milliseconds. */
const STOP_MS_MAX = 10_000;

const PROGRAM = fileURLToPath(new URL('./mpin.js', import.meta.url));

export class Child {
  readonly name: string;
  /** Its address, once it can do its whole job; never rejects. */
  readonly ready: Promise<string>;
  /** Why it ended, in words. */
  readonly ended: Promise<string>;
  readonly #stopMsMax: number;
  readonly #process: ChildProcess;

  constructor({ name, command = name, args, stopMsMax = STOP_MS_MAX }: ChildSpec) {
    this.name = name;
    this.#stopMsMax = stopMsMax;
    this.#process = fork(PROGRAM, [command, ...args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // JSON would lose numbers such as NaN.
      serialization: 'advanced',
    });
    this.ready = new Promise((resolve) => {
      this.#process.on('message', (message) => {
        const address = readyAddress(message);
        if (address !== undefined) resolve(address);
      });
    });
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(`${name} did not start: ${error.message}`));
      this.#process.once('exit', (code, signal) => {
        resolve(`${name} ended ${signal === null ? `with exit code ${code}` : `by ${signal}`}`);
      });
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Its exit code, once it has ended by itself. */
  get exitCode(): number | null {
    return this.#process.exitCode;
  }

  onMessage(listener: (message: unknown) => void): void {
    this.#process.on('message', listener);
  }

  post(message: object): void {
    if (this.#process.connected) this.#process.send(message, () => {});
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode, pid } = this.#process;
    if (exitCode !== null || signalCode !== null || pid === undefined) return;
    const gone = once(this.#process, 'exit');
    const overdue = setTimeout(() => this.kill(), this.#stopMsMax);
    this.#process.kill('SIGTERM');
    await gone;
    clearTimeout(overdue);
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }
}

function readyAddress(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { type, address } = message as Record<string, unknown>;
  return type === 'ready' && typeof address === 'string' ? address : undefined;
}
