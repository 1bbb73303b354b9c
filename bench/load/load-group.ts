/** The processes that make the load, as one: commands go to all, what they counted is summed. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Histogram, merged } from './latency.js';
import type { Command, Pace, Tally, Work } from './work.js';

/** Time for what is in flight to end, in milliseconds: longer than any answer may take. */
const REPLY_MS_MAX = 30_000;

const PROGRAM = fileURLToPath(new URL('./load-process.js', import.meta.url));

/** What all processes did since the last collection. */
export interface Counted {
  readonly done: number;
  readonly refused: number;
  readonly failed: number;
  readonly reasons: ReadonlyMap<string, number>;
  /** Of the clock; the mean over the processes, which were asked at once. */
  readonly seconds: number;
  readonly latency: Histogram;
  readonly refusals: Histogram;
  readonly waitingMax: number;
  /** Of the busiest process: near 1, what it measures is itself. */
  readonly busy: number;
}

interface Reply {
  readonly tally?: Tally;
  readonly error?: string;
}

export class LoadGroup {
  readonly #children: readonly ChildProcess[];

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children;
  }

  static async start(work: Work, processes: number): Promise<LoadGroup> {
    const children = Array.from({ length: processes }, () =>
      fork(PROGRAM, [], {
        serialization: 'advanced',
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
    );
    const group = new LoadGroup(children);
    const share = Math.ceil(work.logins.length / processes);
    await Promise.all(
      children.map((child, index) => ask(child, { type: 'work', work, offset: index * share })),
    );
    return group;
  }

  get pids(): readonly number[] {
    return this.#children.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** The pace is that of the whole group. */
  async begin(pace: Pace): Promise<void> {
    const parts = this.#children.length;
    const connections = Math.max(1, Math.round(pace.connections / parts));
    const part: Pace =
      pace.kind === 'closed'
        ? { kind: 'closed', connections }
        : { kind: 'open', connections, perSecond: pace.perSecond / parts };
    await this.#all({ type: 'begin', pace: part });
  }

  /** Counts since `begin` or the last collection; the load goes on. */
  async collect(): Promise<Counted> {
    return sum(await this.#all({ type: 'collect' }));
  }

  /** Ends the pace, lets what is in flight finish; counts since the last collection. */
  async end(): Promise<Counted> {
    return sum(await this.#all({ type: 'end' }));
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
  }

  #all(command: Command): Promise<Reply[]> {
    return Promise.all(this.#children.map((child) => ask(child, command)));
  }
}

/** One command and its reply; a child takes one at a time. */
function ask(child: ChildProcess, command: Command): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const settle = (error: Error | undefined, reply: Reply): void => {
      clearTimeout(overdue);
      child.off('message', onMessage);
      child.off('exit', onExit);
      if (error === undefined) resolve(reply);
      else reject(error);
    };
    const onMessage = (reply: Reply): void => {
      settle(reply.error === undefined ? undefined : new Error(reply.error), reply);
    };
    const onExit = (): void => settle(new Error('a load process ended'), {});
    const overdue = setTimeout(() => {
      settle(new Error(`a load process did not answer to ${command.type}`), {});
    }, REPLY_MS_MAX);
    child.on('message', onMessage);
    child.once('exit', onExit);
    child.send(command);
  });
}

function sum(replies: readonly Reply[]): Counted {
  const tallies = replies.flatMap(({ tally }) => tally ?? []);
  const total = (of: (tally: Tally) => number) =>
    tallies.reduce((before, tally) => before + of(tally), 0);
  const reasons = new Map<string, number>();
  for (const { reasons: some } of tallies) {
    for (const [why, count] of Object.entries(some)) {
      reasons.set(why, (reasons.get(why) ?? 0) + count);
    }
  }
  return {
    done: total(({ done }) => done),
    refused: total(({ refused }) => refused),
    failed: total(({ failed }) => failed),
    reasons,
    seconds: total(({ seconds }) => seconds) / Math.max(1, tallies.length),
    latency: merged(tallies.map(({ latency }) => latency)),
    refusals: merged(tallies.map(({ refusals }) => refusals)),
    waitingMax: total(({ waitingMax }) => waitingMax),
    busy: Math.max(0, ...tallies.map(({ busy }) => busy)),
  };
}
