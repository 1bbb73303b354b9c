/** Meetings of a browser that shows a WID and a mobile that logs in under it (store/meeting.ts). */
import { hash } from 'node:crypto';
import { isWid } from '../protocol/access-number.js';
import type { LoginReport } from '../store/meeting.js';
import type { Store } from '../store/store.js';
import type { Verdict } from './verdict.js';

/**
 * Proven logins of one identity under any WID within a window, beyond which none is given a
 * browser: whoever tries numbers that happen to be shown to others is stopped, and nobody logs
 * in by mobile so often.
 */
const MOBILE_LOGINS_MAX = 20;
const MOBILE_LOGINS_WINDOW_MS = 600_000;

/** How often a waiter looks for itself, in milliseconds, should no hint reach it. */
const POLL_MS = 1_000;

/** The id of the meeting of whoever holds this webOTT. */
export function meetingIdOf(webOTT: string): string {
  return hash('sha256', `meeting ${webOTT}`, 'hex');
}

/**
 * The meeting that a verdict's WID leads to now. The result is tied to it and not to the WID, so
 * it is nothing to a browser that is shown the same number later. An identity that proved itself
 * under too many is given none.
 */
export async function meetingFor(
  store: Pick<Store, 'countEvent' | 'meetingOfWid'>,
  { wid, mpinId, proof }: Verdict,
): Promise<string | undefined> {
  if (proof.proven) {
    const logins = await store.countEvent('mobile-login', mpinId, MOBILE_LOGINS_WINDOW_MS);
    if (logins > MOBILE_LOGINS_MAX) return undefined;
  }
  return isWid(wid) ? store.meetingOfWid(wid) : undefined;
}

/**
 * Waits for the final report on a meeting's login, by whichever instance the RPA sends it;
 * undefined when `waitMs` are over, the meeting is, or the client has gone.
 */
export async function awaitFinalReport(
  store: Pick<Store, 'meeting' | 'watchMeeting'>,
  id: string,
  { waitMs, gone }: { waitMs: number; gone: AbortSignal },
): Promise<LoginReport | undefined> {
  const hint = new Hint();
  const endMs = performance.now() + waitMs;
  const stop = await store.watchMeeting(id, () => hint.give());
  const leave = () => hint.give();
  gone.addEventListener('abort', leave);
  try {
    for (;;) {
      const meeting = await store.meeting(id);
      if (meeting?.report?.final === true) return meeting.report;
      const leftMs = endMs - performance.now();
      if (meeting === undefined || leftMs <= 0 || gone.aborted) return undefined;
      await hint.givenWithin(Math.min(leftMs, POLL_MS));
    }
  } finally {
    gone.removeEventListener('abort', leave);
    stop();
  }
}

/** One that is given before anyone waits for it is not lost. */
class Hint {
  #given = false;
  #waiter: (() => void) | undefined;

  give(): void {
    this.#given = true;
    this.#waiter?.();
  }

  async givenWithin(ms: number): Promise<void> {
    if (!this.#given) {
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, ms);
        this.#waiter = () => {
          clearTimeout(late);
          resolve();
        };
      });
    }
    this.#given = false;
    this.#waiter = undefined;
  }
}
