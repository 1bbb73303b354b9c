/** Sessions of the demo: all facts stay here, the cookie is only a random name for them. */
import type { Clock } from '../protocol/clock.js';
import { randomToken } from '../protocol/tokens.js';

export const SESSION_COOKIE = 'mpindemo_session';

/** Bytes of a session name and its tokens: each is a password for as long as it lives. */
const TOKEN_BYTES = 32;
/** Pages of one session that wait for its end: more tabs than this need not hear of it. */
const WAITS_MAX = 8;
const MS_PER_SECOND = 1000;

export interface Session {
  readonly userId: string;
  readonly expiresAtMs: number;
  /** Stands in the forms of its pages, so that no other site can send them. */
  readonly formToken: string;
  /** Ends this session and can do nothing else; for the phone that began it. */
  readonly logoutToken: string;
}

interface Live extends Session {
  readonly waiting: Set<(over: boolean) => void>;
}

export interface SessionOptions {
  readonly clock: Clock;
  readonly lifeSeconds: number;
  /** Most live sessions: the oldest ends when one more begins. */
  readonly countMax: number;
  /** Send the cookie over https alone. */
  readonly secure: boolean;
}

/** What a page hears that waits for the end of its session. */
export type WaitOutcome = 'over' | 'live' | 'full';

/** A fresh {@link Session.logoutToken}: it is told to the phone before its session begins. */
export function newLogoutToken(): string {
  return randomToken(TOKEN_BYTES);
}

export class Sessions {
  readonly #options: SessionOptions;
  /** By name, in the order of their logins, which is the order of their ends. */
  readonly #live = new Map<string, Live>();
  /** Names by logout token. */
  readonly #names = new Map<string, string>();
  #stopping = false;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /**
   * Begins a session under a new name and ends the one the request came with, so that a name
   * planted before the login opens nothing (contract §13, 30). Gives the Set-Cookie value.
   */
  begin(userId: string, logoutToken: string, cookieHeader: string | undefined): string {
    this.end(cookieHeader);
    const { clock, lifeSeconds, countMax } = this.#options;
    const now = clock.now();
    for (const [name, { expiresAtMs }] of this.#live) {
      if (expiresAtMs > now && this.#live.size < countMax) break;
      this.#remove(name);
    }
    const name = randomToken(TOKEN_BYTES);
    const formToken = randomToken(TOKEN_BYTES);
    const expiresAtMs = now + lifeSeconds * MS_PER_SECOND;
    this.#live.set(name, { userId, expiresAtMs, formToken, logoutToken, waiting: new Set() });
    this.#names.set(logoutToken, name);
    return this.#cookie(name, lifeSeconds);
  }

  /** The live session of a request's Cookie header. */
  find(cookieHeader: string | undefined): Session | undefined {
    return this.#find(nameIn(cookieHeader));
  }

  /** Ends the session, if any; gives the Set-Cookie value that clears the cookie. */
  end(cookieHeader: string | undefined): string {
    this.#remove(nameIn(cookieHeader));
    return this.#cookie('', 0);
  }

  /** Ends the session with this logout token; false when there is none. */
  endRemotely(logoutToken: string): boolean {
    const name = this.#names.get(logoutToken) ?? '';
    const known = this.#find(name) !== undefined;
    this.#remove(name);
    return known;
  }

  /** Ends all sessions of a user. Looks at every session: it is asked for rarely. */
  endAll(userId: string): void {
    for (const [name, session] of this.#live) {
      if (session.userId === userId) this.#remove(name);
    }
  }

  /**
   * Waits for the end of a session, for at most `waitMs` milliseconds or until `gone` fires. 'full'
   * when too many pages of this session wait already.
   */
  async awaitEnd(
    cookieHeader: string | undefined,
    { waitMs, gone }: { waitMs: number; gone: AbortSignal },
  ): Promise<WaitOutcome> {
    const session = this.#find(nameIn(cookieHeader));
    if (session === undefined) return 'over';
    if (this.#stopping || gone.aborted) return 'live';
    if (session.waiting.size >= WAITS_MAX) return 'full';
    const over = await new Promise<boolean>((resolve) => {
      const done = (ended: boolean): void => {
        clearTimeout(timer);
        gone.removeEventListener('abort', giveUp);
        session.waiting.delete(done);
        resolve(ended);
      };
      const giveUp = (): void => done(false);
      const timer = setTimeout(giveUp, waitMs);
      gone.addEventListener('abort', giveUp);
      session.waiting.add(done);
    });
    return over ? 'over' : 'live';
  }

  /** Lets everyone go who waits, and nobody wait any more: the server stops. */
  stopWaits(): void {
    this.#stopping = true;
    for (const { waiting } of this.#live.values()) {
      for (const done of waiting) done(false);
    }
  }

  #find(name: string): Live | undefined {
    const session = this.#live.get(name);
    return session !== undefined && session.expiresAtMs > this.#options.clock.now()
      ? session
      : undefined;
  }

  #remove(name: string): void {
    const session = this.#live.get(name);
    if (session === undefined) return;
    this.#live.delete(name);
    this.#names.delete(session.logoutToken);
    for (const done of session.waiting) done(true);
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
