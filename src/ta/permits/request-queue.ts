/**
 * Identities that have just asked, on their way into the storages. Nobody waits for it, and none
 * is lost by it: whoever does not get in, or is given up, has a record that says so, and the next
 * run publishes it.
 */
import type { Logger } from 'pino';
import type { PermitCalendar } from './calendar.js';
import type { Identity } from './permit-storage.js';
import type { Publisher } from './publisher.js';
import { backoffMs } from './retries.js';
import type { SeenIdentities } from './seen-identities.js';

/** Published at once: few, as each takes a place at the D-TA's threads before those who wait. */
const LANES = 16;
/** Tries of one identity: the waits between them add up to about four minutes. */
const TRIES = 15;

export interface RequestQueueParts {
  readonly publisher: Publisher;
  readonly identities: SeenIdentities;
  readonly calendar: PermitCalendar;
  readonly log: Logger;
  /** Identities that may wait; more are left to the next run. */
  readonly queueMax: number;
}

interface Request {
  readonly identity: Identity;
  /** What is published must be replaced: the identity has got a new client secret. */
  anew: boolean;
  failures: number;
}

export class RequestQueue {
  readonly #parts: RequestQueueParts;
  /** In the order in which they came. */
  readonly #waiting = new Map<string, Request>();
  readonly #underWay = new Set<Promise<void>>();
  /** Failures since something was published. */
  #failures = 0;
  #pause: NodeJS.Timeout | undefined;
  #isFull = false;
  #stopped = false;

  constructor(parts: RequestQueueParts) {
    this.#parts = parts;
  }

  /** Takes an identity in, unless it waits already or there is no room. */
  offer(identity: Identity, { anew }: { readonly anew: boolean }): void {
    if (this.#stopped) return;
    const key = `${identity.appId}/${identity.storageId}`;
    const waiting = this.#waiting.get(key);
    if (waiting !== undefined) {
      waiting.anew ||= anew;
      return;
    }
    const isFull = this.#waiting.size >= this.#parts.queueMax;
    if (isFull && !this.#isFull) {
      this.#parts.log.warn('too many permits to publish at once: the next run makes the rest');
    }
    this.#isFull = isFull;
    if (isFull) return;
    this.#waiting.set(key, { identity, anew, failures: 0 });
    this.#pump();
  }

  /** Ends what is under way; what waits is left to the next run. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#pause);
    this.#waiting.clear();
    await Promise.all(this.#underWay);
  }

  #pump(): void {
    while (this.#pause === undefined && this.#underWay.size < LANES) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const [key, request] = next;
      this.#waiting.delete(key);
      const one = this.#serve(request).catch((error: unknown) => this.#failed(key, request, error));
      this.#underWay.add(one);
      void one.then(() => {
        this.#underWay.delete(one);
        this.#pump();
      });
    }
  }

  async #serve({ identity, anew }: Request): Promise<void> {
    const { publisher, identities, calendar } = this.#parts;
    const { today: from, lastDay: to } = calendar;
    const until = identities.publishedDay(identity);
    const isThere = !anew && until >= from && (await publisher.holds(identity, from));
    if (isThere && until >= to) return;
    await publisher.publish(identity, { from: isThere ? until + 1 : from, to });
    identities.published(identity, to);
    this.#failures = 0;
  }

  /** Stops all for a while: what has failed for one would fail for the others. */
  #failed(key: string, request: Request, error: unknown): void {
    const { log } = this.#parts;
    request.failures += 1;
    if (this.#stopped) return;
    if (request.failures >= TRIES) {
      log.error({ err: error }, 'a permit is not published: it is left to the next run');
    } else if (!this.#waiting.has(key)) {
      this.#waiting.set(key, request);
    }
    if (this.#pause !== undefined) return;
    this.#failures += 1;
    const waitMs = backoffMs(this.#failures);
    log.error({ waitMs }, `permits are not published: ${(error as Error).message}`);
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#pump();
    }, waitMs);
    this.#pause.unref();
  }
}
