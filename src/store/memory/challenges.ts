import { assertChallenge, POINT_BYTES, SCALAR_BYTES } from '../challenge.js';
import {
  CHALLENGE_ID_CHARS_MAX,
  CHALLENGES_PER_IDENTITY_MAX,
  type Challenge,
  FAILURES_PER_CHALLENGE_MAX,
  PEER_CHARS_MAX,
} from '../store.js';
import { ByteSlots } from './byte-slots.js';
import type { Identities } from './identities.js';
import { Lifetimes, NO_SLOT } from './lifetimes.js';

const U_AT = 0;
const UT_AT = U_AT + POINT_BYTES;
const Y_AT = UT_AT + POINT_BYTES;
const SECRETS_END = Y_AT + SCALAR_BYTES;
/** One byte each: what the fields that may be shorter really have. */
const UT_LENGTH_AT = SECRETS_END;
const ID_LENGTH_AT = UT_LENGTH_AT + 1;
const PEER_LENGTH_AT = ID_LENGTH_AT + 1;
/** Failures of the identity while this challenge lived. */
const FAILURES_AT = PEER_LENGTH_AT + 1;
const ID_AT = FAILURES_AT + 1;
const PEER_AT = ID_AT + CHALLENGE_ID_CHARS_MAX;
const SLOT_BYTES = PEER_AT + PEER_CHARS_MAX;

/** The live challenges of all identities. Each identity has a short chain, newest first. */
export class Challenges {
  readonly #identities: Identities;
  readonly #lifetimes: Lifetimes;
  readonly #bytes = new ByteSlots(SLOT_BYTES);
  /** The next older challenge of the same identity. */
  readonly #older: Int32Array;
  readonly #identityOf: Int32Array;

  constructor(identities: Identities, capacity: number) {
    this.#identities = identities;
    this.#lifetimes = new Lifetimes(capacity);
    this.#older = new Int32Array(capacity);
    this.#identityOf = new Int32Array(capacity);
  }

  get size(): number {
    return this.#lifetimes.taken;
  }

  /**
   * Adds a challenge of an identity that its caller holds, making room among those of the
   * identity; false when the table is full.
   */
  put(identity: number, challenge: Challenge, lifeMs: number, nowMs: number): boolean {
    assertChallenge(challenge);
    this.#lifetimes.clearSome(nowMs, this.#remove);
    this.#makeRoom(identity, challenge.peer, nowMs);
    const slot = this.#lifetimes.take(lifeMs, nowMs);
    if (slot === NO_SLOT) return false;
    this.#identities.holdAgain(identity);
    this.#identityOf[slot] = identity;
    this.#older[slot] = this.#identities.newestChallenge(identity);
    this.#identities.setNewestChallenge(identity, slot);
    this.#write(slot, challenge);
    return true;
  }

  /** Copies of the live challenges of an identity, newest first. */
  list(identity: number, nowMs: number): Challenge[] {
    const live: Challenge[] = [];
    let slot = this.#identities.newestChallenge(identity);
    for (; slot !== NO_SLOT; slot = this.#older[slot] as number) {
      if (this.#lifetimes.isLive(slot, nowMs)) live.push(this.#read(slot));
    }
    return live;
  }

  /** Removes a live challenge; false when there is none. */
  take(identity: number, id: string, nowMs: number): boolean {
    let slot = this.#identities.newestChallenge(identity);
    for (; slot !== NO_SLOT; slot = this.#older[slot] as number) {
      if (this.#idOf(slot) === id && this.#lifetimes.isLive(slot, nowMs)) {
        this.#remove(slot);
        return true;
      }
    }
    return false;
  }

  /** Counts a failure of the identity against its challenges, and ends those that had enough. */
  fail(identity: number): void {
    let slot = this.#identities.newestChallenge(identity);
    while (slot !== NO_SLOT) {
      const older = this.#older[slot] as number;
      const block = this.#bytes.block(slot);
      const at = this.#bytes.start(slot) + FAILURES_AT;
      const failures = (block[at] as number) + 1;
      block[at] = failures;
      if (failures >= FAILURES_PER_CHALLENGE_MAX) this.#remove(slot);
      slot = older;
    }
  }

  /** Keeps the chain at most as long as allowed, overdue challenges included. */
  #makeRoom(identity: number, newcomer: string, nowMs: number): void {
    const slots: number[] = [];
    let slot = this.#identities.newestChallenge(identity);
    for (; slot !== NO_SLOT; slot = this.#older[slot] as number) slots.push(slot);
    if (slots.length < CHALLENGES_PER_IDENTITY_MAX) return;
    const overdue = slots.filter((one) => !this.#lifetimes.isLive(one, nowMs));
    for (const one of overdue) this.#remove(one);
    if (overdue.length === 0) this.#remove(this.#oldestOfBusiestPeer(slots, newcomer));
  }

  #oldestOfBusiestPeer(newestFirst: readonly number[], newcomer: string): number {
    const peers = newestFirst.map((slot) => this.#peerOf(slot));
    const counts = new Map<string, number>([[newcomer, 1]]);
    for (const peer of peers) counts.set(peer, (counts.get(peer) ?? 0) + 1);
    let victim = NO_SLOT;
    let most = 0;
    for (const [index, slot] of newestFirst.entries()) {
      const count = counts.get(peers[index] as string) ?? 0;
      if (count >= most) {
        victim = slot;
        most = count;
      }
    }
    return victim;
  }

  #write(slot: number, { id, peer, u, ut, y }: Challenge): void {
    const block = this.#bytes.block(slot);
    const start = this.#bytes.start(slot);
    block.set(u, start + U_AT);
    block.set(ut, start + UT_AT);
    block.set(y, start + Y_AT);
    block[start + UT_LENGTH_AT] = ut.length;
    block[start + ID_LENGTH_AT] = id.length;
    block[start + PEER_LENGTH_AT] = peer.length;
    block[start + FAILURES_AT] = 0;
    block.write(id, start + ID_AT, 'latin1');
    block.write(peer, start + PEER_AT, 'latin1');
  }

  #read(slot: number): Challenge {
    const block = this.#bytes.block(slot);
    const start = this.#bytes.start(slot);
    const bytes = new Uint8Array(SECRETS_END);
    bytes.set(new Uint8Array(block.buffer, block.byteOffset + start, SECRETS_END));
    return {
      id: this.#idOf(slot),
      peer: this.#peerOf(slot),
      u: bytes.subarray(U_AT, UT_AT),
      ut: bytes.subarray(UT_AT, UT_AT + (block[start + UT_LENGTH_AT] as number)),
      y: bytes.subarray(Y_AT, SECRETS_END),
    };
  }

  #idOf(slot: number): string {
    return this.#textOf(slot, ID_AT, ID_LENGTH_AT);
  }

  #peerOf(slot: number): string {
    return this.#textOf(slot, PEER_AT, PEER_LENGTH_AT);
  }

  #textOf(slot: number, at: number, lengthAt: number): string {
    const block = this.#bytes.block(slot);
    const start = this.#bytes.start(slot);
    const length = block[start + lengthAt] as number;
    return block.toString('latin1', start + at, start + at + length);
  }

  readonly #remove = (slot: number): void => {
    const identity = this.#identityOf[slot] as number;
    const older = this.#older[slot] as number;
    let newer = this.#identities.newestChallenge(identity);
    if (newer === slot) {
      this.#identities.setNewestChallenge(identity, older);
    } else {
      while (this.#older[newer] !== slot) newer = this.#older[newer] as number;
      this.#older[newer] = older;
    }
    const start = this.#bytes.start(slot);
    this.#bytes.block(slot).fill(0, start, start + SECRETS_END);
    this.#lifetimes.release(slot);
    this.#identities.release(identity);
  };
}
