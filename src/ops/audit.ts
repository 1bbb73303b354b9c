/**
 * The audit log: a line of JSON for each thing that happens to an identity, for those who must be
 * able to tell who logged in when, who was locked and by whom somebody was let in.
 *
 * Whoever knows an mpin_id can lock it by failing in its name, so none ever stands here. A line
 * names an identity by a pseudonym, HMAC-SHA256 of the mpin_id under a key of the deployment:
 * lines of one identity can be joined, with those of other instances too, and nobody who reads
 * them can tell what to send to the server. Lines of registrations and of one-time passwords also
 * tell the userId.
 *
 * Writing never waits for the disk, and never keeps a login waiting: what a full or broken disk
 * does not take is kept up to a limit, then lost, counted and warned of.
 */
import { createHmac } from 'node:crypto';
import type { Logger } from 'pino';
import type { Clock } from '../protocol/clock.js';
import { LineFile, type LineFileOptions } from './line-file.js';

/**
 * What can happen. A failure is a wrong PIN, or any PIN of an identity that is locked; the one that
 * locks is a lock instead. `otp` is a one-time password that somebody was let in with, or not.
 */
export type AuditEvent =
  | 'registration'
  | 'activation'
  | 'issue'
  | 'login'
  | 'failure'
  | 'lock'
  | 'otp'
  | 'unlock'
  | 'revocation';

export interface AuditFields {
  readonly event: AuditEvent;
  /** Canonical hex; written as its pseudonym only. */
  readonly mpinId?: string | undefined;
  /** Address of the client, or of the RPA where that is who acted. */
  readonly peer?: string | undefined;
  /** The person's name: of whom a pseudonym is the identity, or who has none in this line. */
  readonly userId?: string | undefined;
  /** False for what was tried and refused. */
  readonly ok?: boolean;
  /** A word of ours on how or why; nothing that came from outside. */
  readonly how?: string | undefined;
}

export type Audit = (fields: AuditFields) => void;

export interface AuditStats {
  readonly lines: number;
  /** Lines lost because too many waited. */
  readonly dropped: number;
  /** Times the file could not be written or opened. */
  readonly failures: number;
}

export interface AuditOptions {
  /** A path, `stdout` or `stderr`. */
  readonly destination: string;
  /** Of the pseudonyms. */
  readonly key: string;
  /** Lines that may wait, in bytes. */
  readonly bytesMax: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Half a SHA-256: more than enough to tell all identities there will ever be apart. */
const PSEUDONYM_HEX = 32;
/** Only the operator and its group's auditors: the lines tell who logs in when. */
const FILE_MODE = 0o640;

/** The name of an identity in the audit log. */
export function pseudonym(key: string, mpinId: string): string {
  return createHmac('sha256', key).update(mpinId).digest('hex').slice(0, PSEUDONYM_HEX);
}

export class AuditLog {
  readonly #options: AuditOptions;
  readonly #file: LineFile;
  #lines = 0;
  #dropped = 0;
  #failures = 0;
  /** Already warned of: once until it goes well again. */
  #failing = false;

  /** @throws Error that names the file when it cannot be opened */
  constructor(options: AuditOptions) {
    this.#options = options;
    this.#file = openFile(options, {
      onFailure: (code) => {
        this.#failures += 1;
        this.#warn(code);
      },
      onCaughtUp: () => this.#caughtUp(),
    });
  }

  readonly record: Audit = ({ event, mpinId, peer, userId, ok = true, how }) => {
    const { key, clock } = this.#options;
    const line = JSON.stringify({
      time: new Date(clock.now()).toISOString(),
      event,
      ok,
      identity: mpinId === undefined ? undefined : pseudonym(key, mpinId),
      user: userId,
      peer,
      how,
    });
    this.#lines += 1;
    if (this.#file.write(line)) return;
    this.#dropped += 1;
    this.#warn('too many lines wait');
  };

  /** Opens the file anew, after it was moved away. */
  reopen(): void {
    this.#file.reopen();
  }

  stats(): AuditStats {
    return { lines: this.#lines, dropped: this.#dropped, failures: this.#failures };
  }

  /** Writes what waits. */
  close(): Promise<void> {
    return this.#file.close();
  }

  #warn(reason: string): void {
    if (!this.#failing) this.#options.log.warn({ reason }, 'the audit log cannot be written');
    this.#failing = true;
  }

  #caughtUp(): void {
    if (this.#failing) this.#options.log.warn('the audit log is written again');
    this.#failing = false;
  }
}

function openFile(
  { destination, bytesMax }: AuditOptions,
  hooks: Pick<LineFileOptions, 'onFailure' | 'onCaughtUp'>,
): LineFile {
  try {
    return new LineFile({ destination, mode: FILE_MODE, waitingMax: bytesMax, ...hooks });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Error(`auditLog: ${destination} cannot be written (${code})`);
  }
}
