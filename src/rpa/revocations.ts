/** Who may not log in any more. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { HttpError } from '../http/call.js';
import { parseJsonObject } from '../http/json.js';

/** Most revoked users: some megabytes of memory, and a file that is written in a moment. */
const REVOKED_MAX = 10_000;
/** UTF-16 units; the RPS issues no identity with a longer name. */
const USER_ID_LENGTH_MAX = 256;
const FILE_MODE = 0o600;

export class Revocations {
  readonly #file: string;
  readonly #users: Set<string>;

  /**
   * @param file where they are kept; '' for memory alone
   * @throws Error when the file is there and cannot be read: nobody is let in by accident
   */
  constructor(file: string) {
    this.#file = file;
    this.#users = new Set(file !== '' && existsSync(file) ? readUsers(file) : []);
  }

  has(userId: string): boolean {
    return this.#users.has(userId);
  }

  /** All of them, in alphabetical order. */
  list(): readonly string[] {
    return [...this.#users].sort();
  }

  /** Throws HttpError for what is no name of a user, or when there are too many. */
  revoke(userId: string): void {
    if (userId === '' || userId.length > USER_ID_LENGTH_MAX) {
      throw new HttpError(400, `a user has a name of 1 to ${USER_ID_LENGTH_MAX} characters`);
    }
    if (this.#users.has(userId)) return;
    if (this.#users.size >= REVOKED_MAX) throw new HttpError(503, 'too many users are revoked');
    this.#keep([...this.#users, userId]);
    this.#users.add(userId);
  }

  permit(userId: string): void {
    if (!this.#users.has(userId)) return;
    this.#keep([...this.#users].filter((user) => user !== userId));
    this.#users.delete(userId);
  }

  /** Written before it holds; a crash leaves the old file or the new one. */
  #keep(revoked: readonly string[]): void {
    if (this.#file === '') return;
    const draft = `${this.#file}.${randomUUID()}`;
    writeFileSync(draft, `${JSON.stringify({ revoked }, null, 2)}\n`, {
      mode: FILE_MODE,
      flag: 'wx',
    });
    renameSync(draft, this.#file);
  }
}

function readUsers(file: string): readonly string[] {
  const revoked = parseJsonObject(readFileSync(file))?.['revoked'];
  if (Array.isArray(revoked) && revoked.every((user) => typeof user === 'string')) return revoked;
  throw new Error(`${file} is not a file of revoked users`);
}
