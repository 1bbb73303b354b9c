/**
 * Getting the server secret at start: one share from the local D-TA, one from the hosted side,
 * each asked again until it is there, then their sum, then the workers that use it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { addG2 } from '../crypto/index.js';
import { type AuthorityClient, AuthorityError } from './authority.js';

/** Milliseconds between two questions, as in the reference (contract §7). */
const RETRY_MS = 2_000;

type ShareSource = Pick<AuthorityClient, 'serverSecretShare'>;

export interface AcquireParts {
  readonly log: Logger;
  /** Ends the attempts; the promise then rejects. */
  readonly signal: AbortSignal;
  /** Milliseconds between two attempts; default {@link RETRY_MS}. */
  readonly retryMs?: number;
}

/** The whole server secret, 128 bytes; the caller wipes it. */
export async function acquireServerSecret(
  authority: ShareSource,
  parts: AcquireParts,
): Promise<Uint8Array> {
  const share = (name: 'local' | 'hosted') =>
    untilThere(`${name} share of the server secret`, parts, () =>
      authority.serverSecretShare(name),
    );
  const [local, hosted] = await Promise.all([share('local'), share('hosted')]);
  try {
    return addG2(local, hosted);
  } finally {
    local.fill(0);
    hosted.fill(0);
  }
}

/** Asks until there is an answer, says why there is none once a reason, and when there is one. */
export async function untilThere<T>(
  what: string,
  { log, signal, retryMs = RETRY_MS }: AcquireParts,
  ask: () => Promise<T>,
): Promise<T> {
  let said = '';
  for (;;) {
    signal.throwIfAborted();
    try {
      const answer = await ask();
      log.info(`have the ${what}`);
      return answer;
    } catch (error) {
      if (!(error instanceof AuthorityError)) throw error;
      if (error.message !== said) log.warn(`no ${what} yet, trying on: ${error.message}`);
      said = error.message;
    }
    await sleep(retryMs, undefined, { signal });
  }
}
