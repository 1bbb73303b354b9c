/**
 * The identities that have asked the hosted side, in LMDB: a record of some 80 bytes for each,
 * with the day it was last seen and the last day that is published for it. So a run can stop
 * anywhere and go on there, in another process, without a list of its own.
 */
import { mkdirSync } from 'node:fs';
import type { Database, RootDatabase } from 'lmdb';
import type { Logger } from 'pino';
import { Ledger } from '../ledger.js';
import type { Identity } from './permit-storage.js';
import type { RunState } from './run-state.js';

/** Largest file: 100 million identities. Address space, not memory. */
const MAP_BYTES_MAX = 2 ** 34;
const FOLDER_MODE = 0o700;
/**
 * Milliseconds for which what was seen may wait for more of it: nobody waits for the disk, and each
 * transaction does.
 */
const WRITE_WITHIN_MS = 100;
const HASH_BYTES = 32;
const VALUE_BYTES = 8;
const PUBLISHED_AT = 4;
const LAST_RUN = 'last';

/** A record. Days are since 1970-01-01 UTC; 0 is none. */
export interface SeenIdentity extends Identity {
  readonly seenDay: number;
  /** Everything up to this day was published. */
  readonly publishedDay: number;
}

/** What became of a page of records. */
export interface PageOutcome {
  readonly published: readonly Identity[];
  readonly untilDay: number;
  readonly forgotten: readonly Identity[];
  readonly run: RunState;
}

interface Tables extends Readonly<Record<string, Database>> {
  readonly records: Database<Buffer, Buffer>;
  readonly runs: Database<RunState, string>;
}

export class SeenIdentities {
  readonly #ledger: Ledger<Tables>;
  readonly #records: Tables['records'];
  readonly #runs: Tables['runs'];
  readonly #max: number;
  readonly #log: Logger;
  #failure: unknown;

  /** Opens the folder, making what is missing; readable by its owner alone. */
  constructor(folder: string, { max, log }: { readonly max: number; readonly log: Logger }) {
    mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    // A folder also when its name looks like a file's, which the library would take for one.
    const options = { path: folder, isFolder: true, mapBytesMax: MAP_BYTES_MAX };
    this.#ledger = new Ledger(options, tablesOf);
    this.#records = this.#ledger.tables.records;
    this.#runs = this.#ledger.tables.runs;
    this.#max = max;
    this.#log = log;
  }

  get count(): number {
    return (this.#records.getStats() as { readonly entryCount: number }).entryCount;
  }

  /**
   * Notes that an identity was seen today; false when there is no room for another one. The
   * record is on disk some milliseconds later; whoever is lost by a crash just then asks again,
   * as nothing is published.
   */
  see(identity: Identity, today: number): boolean {
    const key = keyOf(identity);
    const found = this.#records.get(key);
    if (found === undefined && this.count >= this.#max) return false;
    if (found === undefined || found.readUInt32BE(0) < today) {
      this.#change(key, (record) => record.writeUInt32BE(today, 0), { add: true });
    }
    return true;
  }

  /** The last day published for an identity; 0 for none. */
  publishedDay(identity: Identity): number {
    return this.#records.get(keyOf(identity))?.readUInt32BE(PUBLISHED_AT) ?? 0;
  }

  /** Notes that everything up to this day is published; nothing for one that was forgotten. */
  published(identity: Identity, untilDay: number): void {
    this.#change(keyOf(identity), (record) => record.writeUInt32BE(untilDay, PUBLISHED_AT), {});
  }

  /** The records behind `after` in the order of their keys, at most `limit`. */
  page(after: Identity | undefined, limit: number): SeenIdentity[] {
    const start = after === undefined ? {} : { start: keyOf(after), exclusiveStart: true };
    const range = this.#records.getRange({ ...start, limit });
    return Array.from(range, ({ key, value }) => recordOf(key, value));
  }

  /** Writes down what became of a page, all of it or nothing; on disk when this resolves. */
  finishPage({ published, untilDay, forgotten, run }: PageOutcome): Promise<void> {
    return this.#ledger.run(() => {
      for (const identity of published) {
        const key = keyOf(identity);
        const record = this.#records.get(key);
        if (record === undefined) continue;
        record.writeUInt32BE(untilDay, PUBLISHED_AT);
        this.#records.putSync(key, record);
      }
      for (const identity of forgotten) this.#records.removeSync(keyOf(identity));
      this.#runs.putSync(LAST_RUN, run);
    });
  }

  /** Writes down that a run begins, unless `isUnderWay` says that the last one has not ended. */
  beginRun(run: RunState, isUnderWay: (last: RunState) => boolean): Promise<boolean> {
    return this.#ledger.run(() => {
      const last = this.lastRun();
      if (last !== undefined && isUnderWay(last)) return false;
      this.#runs.putSync(LAST_RUN, run);
      return true;
    });
  }

  lastRun(): RunState | undefined {
    return this.#runs.get(LAST_RUN);
  }

  /** Resolves when all is on disk. */
  close(): Promise<void> {
    return this.#ledger.close();
  }

  /** Read and written within one transaction: a run may be changing the record's other half. */
  #change(key: Buffer, change: (record: Buffer) => void, { add = false }): void {
    const step = () => {
      const found = this.#records.get(key);
      if (found === undefined && !add) return;
      const record = found ?? Buffer.alloc(VALUE_BYTES);
      change(record);
      this.#records.putSync(key, record);
    };
    this.#ledger.run(step, WRITE_WITHIN_MS).catch((error: unknown) => {
      // All that were written together have failed by one error.
      if (error !== this.#failure) this.#log.error({ err: error }, 'identities were not kept');
      this.#failure = error;
    });
  }
}

function tablesOf(root: RootDatabase): Tables {
  const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;
  return {
    records: root.openDB({ name: 'identities', ...binary }),
    runs: root.openDB({ name: 'runs', encoding: 'json' }),
  };
}

function keyOf({ appId, storageId }: Identity): Buffer {
  return Buffer.concat([Buffer.from(`${appId}\0`, 'latin1'), Buffer.from(storageId, 'hex')]);
}

function recordOf(key: Buffer, value: Buffer): SeenIdentity {
  const end = key.length - HASH_BYTES;
  return {
    appId: key.toString('latin1', 0, end - 1),
    storageId: key.toString('hex', end),
    seenDay: value.readUInt32BE(0),
    publishedDay: value.readUInt32BE(PUBLISHED_AT),
  };
}
