/**
 * Getting the server secret: a share of each authority, each asked again until it is there, then
 * their sum. While an authority rotates its secret there are several sums, and a login is right
 * under the one that its identity was made with.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { addG2 } from '../crypto/index.js';
import { AuthorityError, type DatedShare, type ShareSource } from './authority.js';

/** Milliseconds between two questions, as in the reference (contract §7). */
const RETRY_MS = 2_000;

export interface AcquireParts {
  readonly log: Logger;
  /** Ends the attempts; the promise then rejects. */
  readonly signal: AbortSignal;
  /** Milliseconds between two attempts; default {@link RETRY_MS}. */
  readonly retryMs?: number;
}

/** The whole server secrets, newest first; the caller wipes them. */
export async function acquireServerSecrets(
  sources: readonly ShareSource[],
  parts: AcquireParts,
): Promise<readonly DatedShare[]> {
  return sumsOf(
    await Promise.all(
      sources.map(({ name, shares }) =>
        untilThere(`${name} share of the server secret`, parts, shares),
      ),
    ),
  );
}

/** The same, asked once. @throws AuthorityError when one authority gives nothing */
export async function askServerSecrets(
  sources: readonly ShareSource[],
): Promise<readonly DatedShare[]> {
  return sumsOf(await Promise.all(sources.map(({ shares }) => shares())));
}

/**
 * What identities were made with, at each moment from which on that was something else: the sum of
 * the shares in use then. Newest first. The given shares are wiped.
 */
export function sumsOf(all: readonly (readonly DatedShare[])[]): readonly DatedShare[] {
  const moments = new Set(all.flatMap((shares) => shares.map(({ fromMs }) => fromMs)));
  try {
    return [...moments]
      .sort((a, b) => (a > b ? -1 : 1))
      .map((fromMs) => {
        const inUse = all.map((shares) => shares.findLast((one) => one.fromMs <= fromMs));
        return { fromMs, share: sumOf(inUse.flatMap((one) => one?.share ?? [])) };
      });
  } finally {
    for (const { share } of all.flat()) share.fill(0);
  }
}

/** @throws AuthorityError when one of them is no point of the group */
function sumOf(shares: readonly Uint8Array[]): Uint8Array {
  try {
    return shares.reduce((sum, share, index) => {
      const next = addG2(sum, share);
      // The first one is an authority's own, and may be in other sums.
      if (index > 1) sum.fill(0);
      return next;
    });
  } catch {
    throw new AuthorityError('refused', 'the shares of the server secret do not add up');
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
