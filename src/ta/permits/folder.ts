/**
 * Published permits as files, `<folder>/<app_id>/<date>/<storageId>`: what our own route serves,
 * and any static web server.
 *
 * A file gets its name by a rename and is never seen half written. It is not flushed to the disk
 * one by one, which would take a hundred times as long: after a loss of power some of the last
 * half minute's files may be missing or empty. Our route takes an empty one for missing, clients
 * then ask the hosted side, and that publishes it again.
 */
import { randomBytes } from 'node:crypto';
import {
  chmod,
  mkdir,
  opendir,
  readFile,
  rename,
  rmdir,
  stat,
  unlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { getSystemErrorMap } from 'node:util';
import { overLanes } from './lanes.js';
import {
  dayOfSegment,
  isPublishable,
  isShare,
  isStorageId,
  type PermitPlace,
  type PermitStorage,
  PermitStorageError,
} from './permit-storage.js';

/** Read by web servers of other users: everything here is public. */
const FILE_MODE = 0o644;
const FOLDER_MODE = 0o755;
/** Files being written: the writer's own business. Its name is no app_id. */
const NEW_FOLDER = '.new';
const NEW_FOLDER_MODE = 0o700;
/** Hours after which a file in there is what a crash has left. */
const LEFT_OVER_MS = 3_600_000;
const TAG_BYTES = 8;
const SHARE_BYTES = 130;
/** Calls at once while files are looked at or removed: twice the threads that Node has for them. */
const LANES = 8;
/** Entries of a folder read in one call, about 100 bytes each. */
const ENTRIES_AT_ONCE = 256;

/** Errors of a disk that go away by themselves, or by somebody making room. */
const PASSING: ReadonlySet<string> = new Set([
  'EAGAIN',
  'EBUSY',
  'EDQUOT',
  'EINTR',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOENT',
  'ENOMEM',
  'ENOSPC',
  'ESTALE',
  'ETIMEDOUT',
]);

export class PermitFolder implements PermitStorage {
  readonly name: string;
  readonly #folder: string;
  readonly #tag = randomBytes(TAG_BYTES).toString('hex');
  /** The mask of the process takes modes away that readers need. */
  readonly #isMasked = (process.umask() & FOLDER_MODE) !== 0;
  /** Folders of days that are known to be there. */
  readonly #made = new Set<string>();
  #written = 0;

  private constructor(folder: string) {
    this.name = `permits folder ${folder}`;
    this.#folder = folder;
  }

  /** Opens the folder, making what is missing. */
  static async open(folder: string, nowMs: number): Promise<PermitFolder> {
    const opened = new PermitFolder(folder);
    await opened.#do(async () => {
      await makeFolder(folder);
      await mkdir(opened.#new(), { recursive: true, mode: NEW_FOLDER_MODE });
      await opened.#removeLeftOver(nowMs - LEFT_OVER_MS);
    });
    return opened;
  }

  put(place: PermitPlace, share: string): Promise<void> {
    return this.#do(async () => {
      await this.#make(place);
      this.#written += 1;
      const temp = this.#new(`${this.#tag}-${this.#written}`);
      try {
        await writeFile(temp, share, { encoding: 'latin1', flag: 'wx', mode: FILE_MODE });
        if (this.#isMasked) await chmod(temp, FILE_MODE);
        await rename(temp, this.#file(place));
      } catch (error) {
        // Its folder may have gone with its day.
        this.#made.delete(this.#day(place));
        await unlink(temp).catch(() => undefined);
        throw error;
      }
    });
  }

  /** The share; undefined when it is not published. */
  read(place: PermitPlace): Promise<string | undefined> {
    return this.#do(async () => {
      const text = await readFile(this.#file(place), 'latin1').catch(ifMissing);
      return text !== undefined && isShare(text) ? text : undefined;
    });
  }

  holds(place: PermitPlace): Promise<boolean> {
    return this.#do(async () => {
      const found = await stat(this.#file(place)).catch(ifMissing);
      return found?.size === SHARE_BYTES;
    });
  }

  remove(place: PermitPlace): Promise<void> {
    return this.#do(async () => {
      await unlink(this.#file(place)).catch(ifMissing);
    });
  }

  removeBefore(day: number): Promise<number> {
    return this.#do(async () => {
      let removed = 0;
      for await (const { folder, day: found } of this.#days()) {
        if (found >= day) continue;
        await overLanes(permitsIn(folder), LANES, async (file) => {
          await unlink(file).catch(ifMissing);
          removed += 1;
        });
        this.#made.delete(folder);
        // Whatever else somebody has put there stays.
        await rmdir(folder).catch(() => undefined);
      }
      return removed;
    });
  }

  async close(): Promise<void> {}

  async #removeLeftOver(beforeMs: number): Promise<void> {
    await overLanes(await opendir(this.#new()), LANES, async ({ name }) => {
      const file = this.#new(name);
      const found = await stat(file).catch(ifMissing);
      if (found !== undefined && found.mtimeMs < beforeMs) await unlink(file).catch(ifMissing);
    });
  }

  async *#days(): AsyncGenerator<{ readonly folder: string; readonly day: number }> {
    for await (const app of await opendir(this.#folder)) {
      if (!app.isDirectory() || !isPublishable(app.name)) continue;
      for await (const { name } of await opendir(join(this.#folder, app.name))) {
        const day = dayOfSegment(name);
        if (day !== undefined) yield { folder: join(this.#folder, app.name, name), day };
      }
    }
  }

  async #make(place: PermitPlace): Promise<void> {
    const folder = this.#day(place);
    if (this.#made.has(folder)) return;
    await makeFolder(join(this.#folder, place.appId));
    await makeFolder(folder);
    this.#made.add(folder);
  }

  #new(name = ''): string {
    return join(this.#folder, NEW_FOLDER, name);
  }

  #day({ appId, day }: PermitPlace): string {
    return join(this.#folder, appId, String(day));
  }

  #file(place: PermitPlace): string {
    return join(this.#day(place), place.storageId);
  }

  /** Puts errors of the disk into words. */
  async #do<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const { code = '', errno = 0, message } = error as NodeJS.ErrnoException;
      const words = getSystemErrorMap().get(errno)?.[1] ?? message;
      throw new PermitStorageError(`${this.name}: ${words} (${code})`, !PASSING.has(code));
    }
  }
}

/** The permits of a day's folder, as it is read: there may be millions. */
async function* permitsIn(folder: string): AsyncGenerator<string> {
  for await (const { name } of await opendir(folder, { bufferSize: ENTRIES_AT_ONCE })) {
    if (isStorageId(name)) yield join(folder, name);
  }
}

async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
  if (first !== undefined) await chmod(folder, FOLDER_MODE);
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  return undefined;
}
