/**
 * Several processes of one service on one port. A scrape or a look reaches any of them, so the one
 * that is asked gets what all have to say from the process that started them (cli/instances.ts).
 */
import type { Family } from './metrics.js';

/** Between a process and its supervisor; `id` ties an answer to its question. */
export type SiblingMessage =
  /** Either way: what do you have, or what have all? */
  | { readonly type: 'metrics?'; readonly id: number }
  /** To the supervisor. */
  | { readonly type: 'metrics'; readonly id: number; readonly families: readonly Family[] }
  /** From the supervisor, by the name of the process. */
  | {
      readonly type: 'all metrics';
      readonly id: number;
      readonly all: ReadonlyMap<string, readonly Family[]>;
    };

/** Longest wait for the supervisor in milliseconds; it waits for other processes half as long. */
const ANSWER_MS_MAX = 2_000;

export interface Siblings {
  /** Has others' questions answered by `read`. */
  tell(read: () => Promise<readonly Family[]>): void;
  /** What all processes have, by their names; rejects when nobody answers. */
  all(): Promise<ReadonlyMap<string, readonly Family[]>>;
}

/** The siblings of this process, which must have been started with IPC (serialization advanced). */
export function siblingsOfProcess(): Siblings {
  const waiting = new Map<number, (all: ReadonlyMap<string, readonly Family[]>) => void>();
  let asked = 0;
  let readOwn: () => Promise<readonly Family[]> = async () => [];
  process.on('message', (message) => {
    if (!isSiblingMessage(message)) return;
    if (message.type === 'metrics?') {
      const { id } = message;
      void readOwn().then((families) => send({ type: 'metrics', id, families }));
    } else if (message.type === 'all metrics') {
      waiting.get(message.id)?.(message.all);
    }
  });
  return {
    tell: (read) => {
      readOwn = read;
    },
    all: () =>
      new Promise((resolve, reject) => {
        asked += 1;
        const id = asked;
        const done = (): void => {
          clearTimeout(late);
          waiting.delete(id);
        };
        const late = setTimeout(() => {
          done();
          reject(new Error('the supervisor does not answer'));
        }, ANSWER_MS_MAX);
        waiting.set(id, (all) => {
          done();
          resolve(all);
        });
        send({ type: 'metrics?', id });
      }),
  };
}

/** What the supervisor does with messages of its processes. */
export class MetricsExchange {
  readonly #waiting = new Map<number, (families: readonly Family[]) => void>();
  #asked = 0;

  /** An answer to {@link ask}. */
  answered({ id, families }: Extract<SiblingMessage, { type: 'metrics' }>): void {
    this.#waiting.get(id)?.(families);
  }

  /** What one process has; nothing when it does not answer in time. */
  ask(post: (message: SiblingMessage) => void): Promise<readonly Family[]> {
    return new Promise((resolve) => {
      this.#asked += 1;
      const id = this.#asked;
      const done = (families: readonly Family[]): void => {
        clearTimeout(late);
        this.#waiting.delete(id);
        resolve(families);
      };
      const late = setTimeout(done, ANSWER_MS_MAX / 2, []);
      this.#waiting.set(id, done);
      post({ type: 'metrics?', id });
    });
  }
}

export function isSiblingMessage(message: unknown): message is SiblingMessage {
  if (typeof message !== 'object' || message === null) return false;
  const { type } = message as Record<string, unknown>;
  return type === 'metrics?' || type === 'metrics' || type === 'all metrics';
}

function send(message: SiblingMessage): void {
  // A supervisor that has gone is told by 'disconnect'.
  if (process.connected) process.send?.(message, () => {});
}
