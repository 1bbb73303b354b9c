/** Files that change while a role runs, and what was read from them last. */
import { type Stats, unwatchFile, watchFile } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import type { Logger } from 'pino';

/**
 * Milliseconds between two looks at a file's times. By asking, not by events of the kernel, as
 * these do not come from network file systems and miss files that are replaced by a rename.
 */
const LOOK_EVERY_MS = 2_000;

export interface FileWatch {
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** Calls `changed`, which never rejects, after each change of a file; never twice at once. */
export function watchFileChanges(file: string, changed: () => Promise<void>): FileWatch {
  let work = Promise.resolve();
  const look = (now: Stats, before: Stats): void => {
    const same = now.mtimeMs === before.mtimeMs && now.ino === before.ino;
    if (!same && now.mtimeMs !== 0) work = work.then(changed);
  };
  watchFile(file, { interval: LOOK_EVERY_MS, persistent: false }, look);
  return {
    stop: () => {
      unwatchFile(file, look);
      return work;
    },
  };
}

export interface WatchedFileParts<T> {
  readonly file: string;
  /** Its content, understood; `before` is what was read last. Throws an Error fit for the log. */
  readonly read: (file: string, before?: T) => T;
  /** Told each content that is another than the one before. */
  readonly changed?: (now: T, before: T) => void;
  /** What is in it, for the log. */
  readonly what: string;
  readonly log: Logger;
}

/** What is in a file. Whatever happens to the file, there is a sound content to go on with. */
export class WatchedFile<T> {
  readonly #parts: WatchedFileParts<T>;
  readonly #watch: FileWatch;
  #content: T;

  /** @throws what `read` throws: a role does not start with a file that it cannot read */
  constructor(parts: WatchedFileParts<T>) {
    this.#parts = parts;
    this.#content = parts.read(parts.file);
    this.#watch = watchFileChanges(parts.file, async () => this.readAgain());
  }

  get content(): T {
    return this.#content;
  }

  /** At once, as SIGHUP asks for. What cannot be read is logged and changes nothing. */
  readAgain(): void {
    const { file, read, changed, what, log } = this.#parts;
    const before = this.#content;
    try {
      this.#content = read(file, before);
    } catch (error) {
      log.error(`the changed ${what} are not taken over: ${(error as Error).message}`);
      return;
    }
    if (isDeepStrictEqual(this.#content, before)) return;
    log.info({ file }, `read the ${what} anew`);
    changed?.(this.#content, before);
  }

  stop(): Promise<void> {
    return this.#watch.stop();
  }
}
