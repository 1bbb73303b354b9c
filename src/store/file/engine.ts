/**
 * The embedded database of the file store: LMDB, one file that any number of processes of one
 * machine map into their memory. Writers take turns by a lock that a killed process leaves free.
 */
import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readSync,
  statSync,
} from 'node:fs';
import { constants as os } from 'node:os';
import { dirname } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { StoreError } from '../store.js';

/** The file holds tokens and challenges: for its owner alone. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/**
 * Address space reserved at first, in bytes. It costs nothing until it is used, and the library
 * enlarges it by itself: what bounds the file are the limits of the store.
 */
const MAP_BYTES = 16 * 2 ** 30;
/** The gate holds nothing. */
const GATE_MAP_BYTES = 2 ** 20;
/** Processes that may have the file open at once; each takes 64 bytes of the lock file. */
const READERS_MAX = 256;
/** Between two looks for readers that were killed: their snapshots keep pages from being reused. */
const READER_CHECK_MS = 10_000;

const PAGE_BYTES_MIN = 512;
/** Where LMDB's two first pages say what they are: magic number and version, little-endian. */
const MAGIC_AT = 24;
const MAGIC = 0xbeefc0de;
const VERSION_AT = 28;
const VERSION = 2;
const PAGE_BYTES_AT = 48;
const HEAD_BYTES = 64;

/** EFBIG, ENOSPC and EDQUOT: LMDB gives error numbers as they are. */
const NO_SPACE: ReadonlySet<number> = new Set([os.errno.EFBIG, os.errno.ENOSPC, os.errno.EDQUOT]);

/** A write beyond the limit on file sizes (ulimit -f) would end the process before it fails. */
const SIZE_SIGNAL = 'SIGXFSZ';
const goOn = (): void => {};

export interface EngineOptions {
  readonly file: string;
  /** Each commit is on the disk before it is answered; otherwise only a power loss is unsafe. */
  readonly sync: boolean;
}

/** What a step of a transaction may do. Reads see what was written before in it. */
export interface Records {
  get(key: Buffer): Buffer | undefined;
  put(key: Buffer, value: Buffer): void;
  remove(key: Buffer): void;
  /** The first keys from `start` on and before `end`. */
  keysBetween(start: Buffer, end: Buffer, limit: number): Buffer[];
}

type Lmdb = RootDatabase<Buffer, Buffer>;

/**
 * LMDB, as it is in the library, resets the number of the last transaction when a process opens a
 * file, to what it was when that process began to (OpenLDAP ITS#9496): a transaction committed in
 * between is lost, or the pages of others are written over. So nobody opens while anybody writes.
 * The lock for that is LMDB's own, of a second file in which nothing is ever written: it is free
 * again when its holder dies, as no lock of files that Node offers would be.
 */
export class Engine implements Records {
  readonly #gate: Lmdb;
  readonly #database: Lmdb;
  #readersCheckedMs = performance.now();

  /** @throws Error in one line that says what is wrong with the file */
  constructor({ file, sync }: EngineOptions) {
    prepareFile(file);
    if (!process.listeners(SIZE_SIGNAL).includes(goOn)) process.on(SIZE_SIGNAL, goOn);
    this.#gate = openLmdb(gateOf(file), { mapSize: GATE_MAP_BYTES, noSync: true });
    this.#database = this.#gate.transactionSync(() =>
      openLmdb(file, { mapSize: MAP_BYTES, noSync: !sync }),
    );
  }

  /** What is committed now, by whichever process. */
  fresh(key: Buffer): Buffer | undefined {
    // Else it would be what was committed when somebody first read in this turn of the loop.
    this.#database.resetReadTxn();
    return this.#database.get(key);
  }

  get(key: Buffer): Buffer | undefined {
    return this.#database.get(key);
  }

  put(key: Buffer, value: Buffer): void {
    this.#database.putSync(key, value);
  }

  remove(key: Buffer): void {
    this.#database.removeSync(key);
  }

  keysBetween(start: Buffer, end: Buffer, limit: number): Buffer[] {
    return [...this.#database.getKeys({ start, end, limit })];
  }

  /** All records as they are at one moment, in the order of their keys. */
  entries(): Iterable<{ key: Buffer; value: Buffer }> {
    this.#database.resetReadTxn();
    return this.#database.getRange({});
  }

  /**
   * Runs `step` alone among all processes: all that it writes is there afterwards, or nothing when
   * it throws or the commit fails.
   */
  transaction<T>(step: () => T): T {
    this.#checkReaders();
    return this.#gate.transactionSync(() => this.#database.transactionSync(step));
  }

  async close(): Promise<void> {
    await this.#database.close();
    await this.#gate.close();
  }

  #checkReaders(): void {
    const nowMs = performance.now();
    if (nowMs - this.#readersCheckedMs < READER_CHECK_MS) return;
    this.#readersCheckedMs = nowMs;
    this.#database.readerCheck();
  }
}

/** The gate of a file, see {@link Engine}. */
function gateOf(file: string): string {
  return `${file}-gate`;
}

function openLmdb(path: string, options: { mapSize: number; noSync: boolean }): Lmdb {
  return open<Buffer, Buffer>({
    ...options,
    path,
    noSubdir: true,
    // One database, without names: it has no other.
    maxDbs: 1,
    keyEncoding: 'binary',
    encoding: 'binary',
    compression: false,
    cache: false,
    maxReaders: READERS_MAX,
    // Would write to the disk within the commit of whoever writes, while others wait.
    overlappingSync: false,
    permissionsMode: FILE_MODE,
  } as Parameters<typeof open<Buffer, Buffer>>[0]);
}

/** The StoreError for what LMDB threw. */
export function storeErrorOf(error: unknown, file: string): StoreError {
  const { code, message } = error as { code?: unknown; message: string };
  if (typeof code === 'number' && NO_SPACE.has(code)) {
    return new StoreError('full', `no space left on the disk for ${file}`);
  }
  return new StoreError('unavailable', `${file}: ${message}`);
}

/** LMDB crashes on some files that it cannot use, so what can be seen beforehand is looked at. */
function prepareFile(file: string): void {
  if (file === '') throw new Error('fileStorageLocation: the path of the file is needed');
  const folder = dirname(file);
  try {
    mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new Error(`fileStorageLocation: folder ${folder}: ${reasonOf(error)}`);
  }
  const gate = gateOf(file);
  for (const one of [file, `${file}-lock`, gate, `${gate}-lock`]) {
    const found = statSync(one, { throwIfNoEntry: false });
    if (found === undefined) continue;
    if (!found.isFile()) throw new Error(`fileStorageLocation: ${one} is not a file`);
    try {
      accessSync(one, constants.R_OK | constants.W_OK);
      if ((found.mode & 0o777) !== FILE_MODE) chmodSync(one, FILE_MODE);
    } catch (error) {
      throw new Error(`fileStorageLocation: ${one}: ${reasonOf(error)}`);
    }
  }
  demandHead(file);
  demandHead(gate);
}

/** A new or empty file is fine; any other must begin as a file of ours does. */
function demandHead(file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size === 0) return;
  const head = Buffer.alloc(HEAD_BYTES);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, head, 0, HEAD_BYTES, 0);
    if (/^\s*[{[]/.test(head.toString('latin1'))) {
      throw new Error(
        `fileStorageLocation: ${file} is JSON, not a database of this program: name another ` +
          'file, and bring in what mpin store can read of this one (mpin store import --help)',
      );
    }
    const pageBytes = head.readUInt32LE(PAGE_BYTES_AT);
    const whole = isHead(head) && pageBytes >= PAGE_BYTES_MIN && size >= 2 * pageBytes;
    if (whole) readSync(descriptor, head, 0, HEAD_BYTES, pageBytes);
    if (!whole || !isHead(head)) {
      throw new Error(
        `fileStorageLocation: ${file} is not a database of this program, or damaged at its ` +
          'beginning: put it aside, or name another file',
      );
    }
  } finally {
    closeSync(descriptor);
  }
}

function isHead(head: Buffer): boolean {
  return head.readUInt32LE(MAGIC_AT) === MAGIC && head.readUInt32LE(VERSION_AT) === VERSION;
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `may not be written by this user (${code})`;
    case 'ENOSPC':
      return 'no space left on its disk (ENOSPC)';
    case 'ENOTDIR':
    case 'EEXIST':
      return `is no folder (${code})`;
    default:
      return (error as Error).message;
  }
}
