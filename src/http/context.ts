/** What all requests of one server share, and how it logs what nobody foresaw. */
import type { Logger } from 'pino';
import type { Answer, JsonObject } from './call.js';
import type { HttpLimits } from './limits.js';
import type { AddressList } from './peers.js';
import type { AddressRates } from './rates.js';

/** How a service words the bodies that are not a route's own. */
export interface ReplyBodies {
  error(status: number, message: string): JsonObject;
  notFound(): JsonObject;
  preflight(): JsonObject;
}

export interface ServerContext {
  readonly log: Logger;
  readonly replies: ReplyBodies;
  readonly errorAnswer: ((error: unknown) => Answer | undefined) | undefined;
  readonly limits: HttpLimits;
  readonly trustedProxies: AddressList;
  readonly privateAllow: AddressList;
  /** What private routes demand beside that: see private.ts. */
  readonly privateKey: ((authorization: string) => boolean) | undefined;
  readonly privateOrigins: ReadonlySet<string>;
  readonly privateCertificates: boolean;
  /** The server is stopping: every answer closes its connection. */
  readonly draining: boolean;
  readonly rates: AddressRates | undefined;
  /**
   * Counts what is in flight: a request until its answer is out, a WebSocket until its end. Gives
   * the moment of the beginning, in milliseconds of performance.now().
   */
  began(): number;
  ended(): void;
  /** Whether the present turn of the event loop has taken too long by then. */
  isBehind(nowMs: number): boolean;
  readonly onAnswer: AnswerObserver | undefined;
  /** Counts something refused for want of room or by a rate. */
  refused(reason: RefusalReason): void;
  /** An upgraded connection has ended: uWebSockets.js tells only of those that never were. */
  socketEnded(): void;
}

/**
 * Told of every request that has ended: the route's pattern ('' when none was found), the status
 * (0 when the client left first) and the milliseconds since its head was read.
 */
export type AnswerObserver = (route: string, status: number, ms: number) => void;

/** Why the server itself refused: routes refuse on their own account. */
export type RefusalReason = 'connections' | 'turn' | 'sockets' | 'rate';

/**
 * Logs an error that no route meant to throw. Neither the request nor the words of errors that
 * quote their input are written: both may hold secrets. `route` is the pattern, not the path.
 */
export function logUnexpected(log: Logger, route: string, error: unknown): void {
  if (!(error instanceof Error)) {
    log.error({ route, thrown: typeof error }, 'unexpected error');
    return;
  }
  const code = (error as NodeJS.ErrnoException).code;
  const quotesInput = error instanceof SyntaxError || String(code).startsWith('ERR_');
  const at = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const fields = { route, error: error.name, code, at: at.map((line) => line.trim()) };
  log.error(quotesInput ? fields : { ...fields, message: error.message }, 'unexpected error');
}
