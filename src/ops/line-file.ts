/**
 * A file to which lines are appended without anybody waiting: lines of one turn of the event loop
 * go out together, those that come while the disk is busy wait up to a limit. The stream that
 * pino brings would do, but for what follows on a reopening that failed: it closes the descriptor
 * it has left behind once more, which may be somebody's socket by then.
 */
import { close, open, openSync, write } from 'node:fs';
import { promisify } from 'node:util';

const [openFile, closeFile, writeFile] = [promisify(open), promisify(close), promisify(write)];

/** Pause before what could not be written is tried again, in milliseconds. */
const RETRY_MS = 500;
/** What one write takes, in UTF-16 units: enough that a disk does not see single lines. */
const BATCH_UNITS_MAX = 262_144;

const STREAMS: Readonly<Record<string, number>> = { stdout: 1, stderr: 2 };

export interface LineFileOptions {
  /** A path, `stdout` or `stderr`. */
  readonly destination: string;
  /** Permissions of a file that is made. */
  readonly mode: number;
  /** Lines that may wait, in UTF-16 units. */
  readonly waitingMax: number;
  /** Told of each attempt to write or to open that failed, with the error's code. */
  readonly onFailure: (code: string) => void;
  /** Told when all that waited was written. */
  readonly onCaughtUp: () => void;
}

export class LineFile {
  readonly #options: LineFileOptions;
  readonly #stream: number | undefined;
  #fd: number;
  #waiting: string[] = [];
  #waitingUnits = 0;
  #reopening = false;
  #pumping: Promise<void> | undefined;
  #wake: (() => void) | undefined;
  #ending = false;
  #closed: Promise<void> | undefined;

  /** @throws Error (of node:fs) when the file cannot be opened */
  constructor(options: LineFileOptions) {
    this.#options = options;
    this.#stream = STREAMS[options.destination];
    this.#fd = this.#stream ?? openSync(options.destination, 'a', options.mode);
  }

  /** Takes a line, without its end; false when there is no room for it. */
  write(line: string): boolean {
    const units = line.length + 1;
    if (this.#ending || this.#waitingUnits + units > this.#options.waitingMax) return false;
    this.#waiting.push(line);
    this.#waitingUnits += units;
    this.#start();
    return true;
  }

  /** Opens the path anew, after the file was moved away; what waits goes to the new one. */
  reopen(): void {
    if (this.#stream !== undefined || this.#ending) return;
    this.#reopening = true;
    this.#start();
  }

  /** Writes what waits, trying once what fails, and closes. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#ending = true;
    this.#wake?.();
    await this.#pumping;
    if (this.#stream === undefined) await closeFile(this.#fd);
  }

  #start(): void {
    this.#pumping ??= this.#pump().finally(() => {
      this.#pumping = undefined;
    });
  }

  async #pump(): Promise<void> {
    // All of this turn's lines first.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#reopening || this.#waiting.length > 0) {
      if (this.#reopening) await this.#tried(() => this.#openAnew());
      if (this.#waiting.length > 0) await this.#writeSome();
    }
  }

  async #openAnew(): Promise<void> {
    this.#reopening = false;
    const { destination, mode } = this.#options;
    const before = this.#fd;
    this.#fd = await openFile(destination, 'a', mode);
    await closeFile(before);
  }

  /** A batch is written to its end, whatever fails meanwhile: a file has no half lines within. */
  async #writeSome(): Promise<void> {
    const batch = this.#take();
    let offset = 0;
    while (offset < batch.length) {
      const written = await this.#tried(async () => {
        offset += (await writeFile(this.#fd, batch, offset)).bytesWritten;
      });
      if (!written && this.#ending) return;
      if (!written) await this.#pause();
    }
    if (this.#waiting.length === 0) this.#options.onCaughtUp();
  }

  #take(): Buffer {
    const lines: string[] = [];
    let units = 0;
    for (const line of this.#waiting) {
      if (units > BATCH_UNITS_MAX) break;
      lines.push(line);
      units += line.length + 1;
    }
    this.#waiting = this.#waiting.slice(lines.length);
    this.#waitingUnits -= units;
    return Buffer.from(`${lines.join('\n')}\n`);
  }

  async #tried(act: () => Promise<void>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      // A pipe whose reader is slow is no fault of anybody's.
      if (code !== 'EAGAIN') this.#options.onFailure(code ?? name);
      return false;
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, RETRY_MS);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
