/** What all requests of one server share, and how it logs what nobody foresaw. */
import type { Logger } from 'pino';
import type { Answer, JsonObject } from './call.js';
import type { HttpLimits } from './limits.js';
import type { AddressList } from './peers.js';

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
  /** The server is stopping: every answer closes its connection. */
  readonly draining: boolean;
  /** Counts what is in flight: a request until its answer is out, a WebSocket until its end. */
  began(): void;
  ended(): void;
}

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
