/**
 * A database of a service, LMDB: shared by processes, each change whole and on the disk before it
 * is answered, and what does not fit onto the disk an error of those who asked for it. The
 * library's own queue of writes, which would be a thread's work instead of ours, throws such an
 * error where nobody can catch it, and is silent for ever to who waits for the disk.
 */
import { type Database, open, type RootDatabase } from 'lmdb';

/** Not all of these are among the library's declared options. */
const OPTIONS = {
  maxDbs: 2,
  // A commit is on the disk when it returns.
  overlappingSync: false,
  permissionsMode: 0o600,
} as const;
const GATE_MAP_BYTES = 2 ** 20;

export interface LedgerOptions {
  readonly path: string;
  /** Whether the path is that of a folder. */
  readonly isFolder: boolean;
  /** Largest file in bytes. Address space, not memory. */
  readonly mapBytesMax: number;
}

/** What `openDB` of the library needs to know. */
export type TableOptions = Parameters<RootDatabase['openDB']>[0];

interface Step {
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Ledger<T extends Readonly<Record<string, Database>>> {
  readonly tables: T;
  readonly #root: RootDatabase;
  /** See the file store's engine: nobody may open a file of LMDB while anybody writes to it. */
  readonly #gate: RootDatabase;
  #waiting: Step[] = [];
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor({ path, isFolder, mapBytesMax }: LedgerOptions, tablesOf: (root: RootDatabase) => T) {
    const gateFile = isFolder ? `${path}/gate.mdb` : `${path}-gate`;
    this.#gate = open({ ...OPTIONS, path: gateFile, noSubdir: true, mapSize: GATE_MAP_BYTES });
    [this.#root, this.tables] = this.#gate.transactionSync(() => {
      const root = open({ ...OPTIONS, path, noSubdir: !isFolder, mapSize: mapBytesMax });
      return [root, tablesOf(root)] as const;
    });
  }

  /**
   * Runs `step`, which writes by the calls that end in Sync, in one transaction with others of
   * this turn of the event loop; resolves when it is on the disk. Where any of them fails, nothing
   * of any has happened.
   * @param withinMs how long it may wait for more company, as each transaction waits for the disk
   */
  run<R>(step: () => R, withinMs = 0): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.#waiting.push({ run: step, resolve: resolve as Step['resolve'], reject });
      if (withinMs > 0) this.#timer ??= setTimeout(this.#commit, withinMs);
      else this.#immediate ??= setImmediate(this.#commit);
    });
  }

  /** Commits what waits. */
  async close(): Promise<void> {
    this.#commit();
    await this.#root.close();
    await this.#gate.close();
  }

  readonly #commit = (): void => {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = undefined;
    this.#immediate = undefined;
    const steps = this.#waiting;
    this.#waiting = [];
    if (steps.length === 0) return;
    let values: unknown[];
    try {
      values = this.#gate.transactionSync(() =>
        this.#root.transactionSync(() => steps.map(({ run }) => run())),
      );
    } catch (error) {
      for (const { reject } of steps) reject(error as Error);
      return;
    }
    for (const [index, { resolve }] of steps.entries()) resolve(values[index]);
  };
}
