/**
 * The credentials of this application, of the file as it is now: a rotated app_key comes in
 * without a restart.
 */
import type { Logger } from 'pino';
import { type Credentials, readSameCredentials } from '../config/credentials.js';
import { WatchedFile } from '../ops/watched-file.js';

/**
 * Milliseconds for which a new app_key is known before it signs. D-TAs, and other instances, look
 * at their files every two seconds, and must not be asked with a key that they have not read yet.
 */
const SIGN_AFTER_MS = 10_000;

export interface LiveCredentialsParts {
  readonly file: string;
  readonly log: Logger;
  /** Default {@link SIGN_AFTER_MS}. */
  readonly signAfterMs?: number;
}

/** Reads as the credentials of the moment: take from it when it is needed, and keep nothing. */
export class LiveCredentials implements Pick<Credentials, 'appId' | 'appKey' | 'apiUrl'> {
  readonly #parts: LiveCredentialsParts;
  readonly #file: WatchedFile<Credentials>;
  #signingKey: string;
  #timer: NodeJS.Timeout | undefined;

  /** @throws an Error that names the file and what is wrong with it */
  constructor(parts: LiveCredentialsParts) {
    this.#parts = parts;
    this.#file = new WatchedFile({
      file: parts.file,
      read: readSameCredentials,
      changed: (now) => this.#taken(now),
      what: 'credentials',
      log: parts.log,
    });
    this.#signingKey = this.#file.content.appKey;
  }

  get appId(): string {
    return this.#file.content.appId;
  }

  get apiUrl(): string {
    return this.#file.content.apiUrl;
  }

  /** The hosted share of the server secret, when the file carries it. Secret. */
  get serverSecretShare(): string | undefined {
    return this.#file.content.serverSecretShare;
  }

  /** What to sign with. Secret. */
  get appKey(): string {
    return this.#signingKey;
  }

  /** What others may have signed with: the newest first. Secret. */
  get appKeys(): readonly string[] {
    const { appKey, previousAppKey } = this.#file.content;
    return previousAppKey === undefined ? [appKey] : [appKey, previousAppKey];
  }

  /** At once, as SIGHUP asks for. */
  readAgain(): void {
    this.#file.readAgain();
  }

  stop(): Promise<void> {
    clearTimeout(this.#timer);
    return this.#file.stop();
  }

  /** Where the file says nothing of the key in use, nobody takes that any more. */
  #taken({ appKey, previousAppKey }: Credentials): void {
    clearTimeout(this.#timer);
    if (appKey === this.#signingKey) return;
    const { signAfterMs = SIGN_AFTER_MS } = this.#parts;
    const isGood = previousAppKey === this.#signingKey;
    this.#timer = setTimeout(() => this.#signWith(appKey), isGood ? signAfterMs : 0);
    this.#timer.unref();
  }

  #signWith(appKey: string): void {
    this.#signingKey = appKey;
    this.#parts.log.info('signing with the new app_key');
  }
}
