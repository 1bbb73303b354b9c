/** Failures and challenges of identities, and how an attempt is decided. */

import { hash } from 'node:crypto';
import { assertChallenge } from '../challenge.js';
import type { FailureCounts } from '../once.js';
import type { Attempt, Challenge, Settlement } from '../store.js';
import { type Counts, demandRoom } from './counts.js';
import type { Records } from './engine.js';
import {
  decodeIdentity,
  encodeIdentity,
  type IdentityState,
  isFailing,
  nextEnd,
  withChallenge,
  withFailedChallenges,
  withoutChallenge,
  withoutOverdue,
} from './identity-record.js';
import type { Counters } from './once.js';
import { payloadOf, type Stored, Table } from './table.js';

export interface IdentityLimits {
  readonly challengesMax: number;
  readonly failingIdentitiesMax: number;
  readonly bytesMax: number;
}

/** An identity's record as it was found. */
interface Found {
  readonly key: Buffer;
  readonly stored: Stored | undefined;
  /** Everything in it, and what of it lives. */
  readonly all: IdentityState;
  readonly live: IdentityState;
}

/** All but {@link challengesIn} must be called within a transaction. */
export class Identities {
  readonly #limits: IdentityLimits;
  readonly #counts: Counts;
  /** Failures that lock nothing, within their windows. */
  readonly #windows: Counters;
  readonly #table: Table;

  constructor(records: Records, counts: Counts, windows: Counters, limits: IdentityLimits) {
    this.#limits = limits;
    this.#counts = counts;
    this.#windows = windows;
    this.#table = new Table({
      records,
      counts,
      kind: 'I',
      overdue: (key, stored, nowMs) => {
        const found = foundIn(key, stored, nowMs);
        this.#save(found, found.live);
      },
    });
  }

  /** By the hash of the identity: its bytes are no shorter, and may be longer than a key. */
  keyOf(mpinId: string): Buffer {
    return this.#table.keyOf(hash('sha256', Buffer.from(mpinId, 'hex'), 'buffer'));
  }

  challengesIn(stored: Stored | undefined, nowMs: number): Challenge[] {
    if (stored === undefined) return [];
    const { challenges } = withoutOverdue(decodeIdentity(payloadOf(stored)), nowMs);
    return challenges.map(({ challenge }) => challenge).reverse();
  }

  putChallenge(mpinId: string, challenge: Challenge, lifeMs: number, nowMs: number): void {
    assertChallenge(challenge);
    this.#table.clearSome(nowMs);
    const found = this.#find(this.keyOf(mpinId), nowMs);
    const added = { challenge, endsMs: Math.ceil(nowMs + lifeMs), failures: 0 };
    const next = withChallenge(found.live, added);
    const more = next.challenges.length - found.all.challenges.length;
    if (more > 0) this.#demandRoom('challenges', this.#limits.challengesMax);
    this.#save(found, next);
  }

  /** As Store.settle says, but for the result. Refuses before anything is written. */
  settle(attempt: Attempt, nowMs: number): Settlement {
    const { mpinId, proof, failuresMax = Number.POSITIVE_INFINITY, otherFailures } = attempt;
    const found = this.#find(this.keyOf(mpinId), nowMs);
    const { live } = found;
    const locked = live.failures >= failuresMax;
    const bounded =
      otherFailures !== undefined &&
      (live.others >= otherFailures.inAll ||
        this.#windows.get(windowOf(mpinId), nowMs) >= otherFailures.perWindow);
    if (!proof.proven) {
      const counted = locked || bounded ? live : this.#counted(live, attempt, nowMs);
      this.#save(found, withFailedChallenges(counted));
      if (locked) return 410;
      return counted.failures >= failuresMax ? 'locks' : 401;
    }
    const { challengeId } = proof;
    const rest = challengeId === undefined ? live : withoutChallenge(live, challengeId);
    if (rest === undefined) return 'gone';
    const forgives = !locked && !bounded;
    this.#save(found, forgives ? { ...rest, failures: 0, others: 0 } : rest);
    return locked ? 410 : bounded ? 401 : 200;
  }

  failureCountsIn(stored: Stored | undefined): FailureCounts {
    const { failures, others } = decodeIdentity(stored && payloadOf(stored));
    return { failures, others };
  }

  /** Forgets all failures; false when there were none. */
  unlock(mpinId: string, nowMs: number): boolean {
    this.#windows.forget(windowOf(mpinId));
    const found = this.#find(this.keyOf(mpinId), nowMs);
    if (!isFailing(found.live)) return false;
    this.#save(found, { ...found.live, failures: 0, others: 0 });
    return true;
  }

  /** Failures by the hash of the identity, in hex. */
  *failuresIn(
    entries: Iterable<{ key: Buffer; value: Stored }>,
  ): Generator<readonly [string, FailureCounts]> {
    for (const { key, value } of entries) {
      if (!this.#table.isKey(key)) continue;
      const counts = this.failureCountsIn(value);
      if (counts.failures > 0 || counts.others > 0) yield [key.toString('hex', 1), counts];
    }
  }

  /** Counts so many failures at least, of the identity with this hash; false when they are. */
  raiseFailures(identity: Buffer, least: FailureCounts, nowMs: number): boolean {
    const found = this.#find(this.#table.keyOf(identity), nowMs);
    const { live } = found;
    const failures = Math.max(live.failures, least.failures);
    const others = Math.max(live.others, least.others);
    if (failures === live.failures && others === live.others) return false;
    this.#demandCounter(live);
    this.#save(found, { ...live, failures, others });
    return true;
  }

  /** With one more failure, of an identity that is at none of its bounds. */
  #counted(live: IdentityState, attempt: Attempt, nowMs: number): IdentityState {
    const { mpinId, proof, failuresMax, otherFailures } = attempt;
    if (failuresMax === undefined) return live;
    this.#demandCounter(live);
    const locks = otherFailures === undefined || (!proof.proven && proof.pinError === true);
    if (locks) return { ...live, failures: live.failures + 1 };
    this.#windows.count(windowOf(mpinId), otherFailures.windowMs, nowMs);
    return { ...live, others: live.others + 1 };
  }

  #demandCounter(live: IdentityState): void {
    if (isFailing(live)) return;
    this.#demandRoom('failingIdentities', this.#limits.failingIdentitiesMax);
  }

  #demandRoom(name: 'challenges' | 'failingIdentities', max: number): void {
    demandRoom(this.#counts, { [name]: max, bytes: this.#limits.bytesMax });
  }

  #find(key: Buffer, nowMs: number): Found {
    return foundIn(key, this.#table.get(key), nowMs);
  }

  #save({ key, stored, all }: Found, next: IdentityState): void {
    if (next === all) return;
    const payload = encodeIdentity(next);
    if (payload !== undefined) this.#table.put(key, payload, nextEnd(next), stored);
    else if (stored !== undefined) this.#table.remove(key, stored);
    this.#counts.add('challenges', next.challenges.length - all.challenges.length);
    this.#counts.add('failingIdentities', Number(isFailing(next)) - Number(isFailing(all)));
  }
}

function foundIn(key: Buffer, stored: Stored | undefined, nowMs: number): Found {
  const all = decodeIdentity(stored && payloadOf(stored));
  return { key, stored, all, live: withoutOverdue(all, nowMs) };
}

/** The counter of failures that lock nothing. */
function windowOf(mpinId: string): string {
  return `other-failure ${mpinId}`;
}
