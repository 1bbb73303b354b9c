/** Sessions of the demo: all facts stay here, the cookie is only a random name for them. */
import type { Clock } from '../protocol/clock.js';
import { randomToken } from '../protocol/tokens.js';

export const SESSION_COOKIE = 'mpindemo_session';

/** Bytes of a session name: it is a password for as long as it lives. */
const SESSION_BYTES = 32;
const MS_PER_SECOND = 1000;

export interface Session {
  readonly userId: string;
  readonly expiresAtMs: number;
}

export interface SessionOptions {
  readonly clock: Clock;
  readonly lifeSeconds: number;
  /** Most live sessions: the oldest ends when one more begins. */
  readonly countMax: number;
  /** Send the cookie over https alone. */
  readonly secure: boolean;
}

export class Sessions {
  readonly #options: SessionOptions;
  /** In the order of their logins, which is the order of their ends. */
  readonly #live = new Map<string, Session>();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * Begins a session under a new name and ends the one the request came with, so that a name
   * planted before the login opens nothing (contract §13, 30). Gives the Set-Cookie value.
   */
  begin(userId: string, cookieHeader: string | undefined): string {
    this.end(cookieHeader);
    const { clock, lifeSeconds, countMax } = this.#options;
    const now = clock.now();
    for (const [name, { expiresAtMs }] of this.#live) {
      if (expiresAtMs > now && this.#live.size < countMax) break;
      this.#live.delete(name);
    }
    const name = randomToken(SESSION_BYTES);
    this.#live.set(name, { userId, expiresAtMs: now + lifeSeconds * MS_PER_SECOND });
    return this.#cookie(name, lifeSeconds);
  }

  /** The live session of a request's Cookie header. */
  find(cookieHeader: string | undefined): Session | undefined {
    const session = this.#live.get(nameIn(cookieHeader));
    return session !== undefined && session.expiresAtMs > this.#options.clock.now()
      ? session
      : undefined;
  }

  /** Ends the session, if any; gives the Set-Cookie value that clears the cookie. */
  end(cookieHeader: string | undefined): string {
    this.#live.delete(nameIn(cookieHeader));
    return this.#cookie('', 0);
  }

  #cookie(name: string, maxAgeSeconds: number): string {
    const secure = this.#options.secure ? '; Secure' : '';
    const fixed = `Path=/; HttpOnly; SameSite=Lax${secure}`;
    return `${SESSION_COOKIE}=${name}; Max-Age=${maxAgeSeconds}; ${fixed}`;
  }
}

function nameIn(cookieHeader = ''): string {
  for (const pair of cookieHeader.split(';')) {
    const [name, value] = pair.split('=', 2);
    if (name?.trim() === SESSION_COOKIE) return value?.trim() ?? '';
  }
  return '';
}
