/** Failures and challenges of identities, and how an attempt is decided. */
import { hash } from 'node:crypto';
import type { Attempt, Challenge, Settlement } from '../store.js';
import { type Counts, demandRoom } from './counts.js';
import type { Records } from './engine.js';
import {
  assertChallenge,
  decodeIdentity,
  encodeIdentity,
  type IdentityState,
  nextEnd,
  withChallenge,
  withFailedChallenges,
  withoutChallenge,
  withoutOverdue,
} from './identity-record.js';
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
  readonly #table: Table;

  constructor(records: Records, counts: Counts, limits: IdentityLimits) {
    this.#limits = limits;
    this.#counts = counts;
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
  settle({ mpinId, proof, failuresMax }: Attempt, nowMs: number): Settlement {
    const found = this.#find(this.keyOf(mpinId), nowMs);
    const { live } = found;
    const locked = live.failures >= failuresMax;
    if (!proof.proven) return this.#fail(found, locked, failuresMax);
    const { challengeId } = proof;
    const rest = challengeId === undefined ? live : withoutChallenge(live, challengeId);
    if (rest === undefined) return 'gone';
    this.#save(found, locked ? rest : { ...rest, failures: 0 });
    return locked ? 410 : 200;
  }

  /** Failures by the hash of the identity, in hex. */
  *failuresIn(
    entries: Iterable<{ key: Buffer; value: Stored }>,
  ): Generator<readonly [string, number]> {
    for (const { key, value } of entries) {
      if (!this.#table.isKey(key)) continue;
      const { failures } = decodeIdentity(payloadOf(value));
      if (failures > 0) yield [key.toString('hex', 1), failures];
    }
  }

  /** Counts so many failures at least, of the identity with this hash; false when they are. */
  raiseFailures(identity: Buffer, failures: number, nowMs: number): boolean {
    const found = this.#find(this.#table.keyOf(identity), nowMs);
    if (failures <= found.live.failures) return false;
    this.#demandCounter(found.live);
    this.#save(found, { ...found.live, failures });
    return true;
  }

  #fail(found: Found, locked: boolean, failuresMax: number): 401 | 410 {
    const { live } = found;
    const failures = locked ? live.failures : live.failures + 1;
    this.#demandCounter(live);
    this.#save(found, { ...withFailedChallenges(live), failures });
    return failures >= failuresMax ? 410 : 401;
  }

  #demandCounter({ failures }: IdentityState): void {
    if (failures > 0) return;
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
    this.#counts.add('failingIdentities', Number(next.failures > 0) - Number(all.failures > 0));
  }
}

function foundIn(key: Buffer, stored: Stored | undefined, nowMs: number): Found {
  const all = decodeIdentity(stored && payloadOf(stored));
  return { key, stored, all, live: withoutOverdue(all, nowMs) };
}
