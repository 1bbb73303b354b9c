import { CHALLENGES_PER_IDENTITY_MAX, type Challenge } from '../store.js';
import { ByteSlots } from './byte-slots.js';
import { Lifetimes, NO_SLOT } from './lifetimes.js';

const POINT_BYTES = 65;
const SCALAR_BYTES = 32;
const U_AT = 0;
const UT_AT = U_AT + POINT_BYTES;
const Y_AT = UT_AT + POINT_BYTES;
const SLOT_BYTES = Y_AT + SCALAR_BYTES;

/** The live challenges of all identities. Each identity has a short chain, newest first. */
export class Challenges {
  readonly #lifetimes: Lifetimes;
  readonly #bytes = new ByteSlots(SLOT_BYTES);
  readonly #newestOf = new Map<string, number>();
  /** The next older challenge of the same identity. */
  readonly #older: Int32Array;
  readonly #identities: string[] = [];
  readonly #ids: string[] = [];
  readonly #peers: string[] = [];
  readonly #hasUt: Uint8Array;

  constructor(capacity: number) {
    this.#lifetimes = new Lifetimes(capacity);
    this.#older = new Int32Array(capacity);
    this.#hasUt = new Uint8Array(capacity);
  }

  /** Adds a challenge, making room among those of the identity; false when the table is full. */
  put(identity: string, challenge: Challenge, lifeMs: number, nowMs: number): boolean {
    assertLengths(challenge);
    this.#lifetimes.clearSome(nowMs, this.#remove);
    this.#makeRoom(identity, challenge.peer, nowMs);
    const slot = this.#lifetimes.take(lifeMs, nowMs);
    if (slot === NO_SLOT) return false;
    const newest = this.#newestOf.get(identity) ?? NO_SLOT;
    this.#older[slot] = newest;
    // Challenges of one identity share one string: identities are long.
    this.#identities[slot] = this.#identities[newest] ?? identity;
    this.#ids[slot] = challenge.id;
    this.#peers[slot] = challenge.peer;
    this.#write(slot, challenge);
    this.#newestOf.set(identity, slot);
    return true;
  }

  /** Copies of the live challenges of an identity, newest first. */
  list(identity: string, nowMs: number): Challenge[] {
    return this.#liveSlots(identity, nowMs).map((slot) => this.#read(slot));
  }

  /** Removes a live challenge; false when there is none. */
  take(identity: string, id: string, nowMs: number): boolean {
    const slot = this.#liveSlots(identity, nowMs).find((live) => this.#ids[live] === id);
    if (slot === undefined) return false;
    this.#remove(slot);
    return true;
  }

  /** Keeps the chain at most as long as allowed, overdue challenges included. */
  #makeRoom(identity: string, newcomer: string, nowMs: number): void {
    const slots = this.#slotsOf(identity);
    if (slots.length < CHALLENGES_PER_IDENTITY_MAX) return;
    const overdue = slots.filter((slot) => !this.#lifetimes.isLive(slot, nowMs));
    for (const slot of overdue) this.#remove(slot);
    if (overdue.length === 0) this.#remove(this.#oldestOfBusiestPeer(slots, newcomer));
  }

  #oldestOfBusiestPeer(newestFirst: readonly number[], newcomer: string): number {
    const counts = new Map<string, number>([[newcomer, 1]]);
    const peerOf = (slot: number) => this.#peers[slot] ?? '';
    for (const slot of newestFirst) {
      counts.set(peerOf(slot), (counts.get(peerOf(slot)) ?? 0) + 1);
    }
    let victim = NO_SLOT;
    let most = 0;
    for (const slot of newestFirst) {
      const count = counts.get(peerOf(slot)) ?? 0;
      if (count >= most) {
        victim = slot;
        most = count;
      }
    }
    return victim;
  }

  #liveSlots(identity: string, nowMs: number): number[] {
    return this.#slotsOf(identity).filter((slot) => this.#lifetimes.isLive(slot, nowMs));
  }

  /** The chain of an identity: at most {@link CHALLENGES_PER_IDENTITY_MAX} slots, newest first. */
  #slotsOf(identity: string): number[] {
    const slots: number[] = [];
    let slot = this.#newestOf.get(identity) ?? NO_SLOT;
    while (slot !== NO_SLOT) {
      slots.push(slot);
      slot = this.#older[slot] ?? NO_SLOT;
    }
    return slots;
  }

  #write(slot: number, { u, ut, y }: Challenge): void {
    const view = this.#bytes.view(slot);
    view.set(u, U_AT);
    view.set(ut, UT_AT);
    view.set(y, Y_AT);
    this.#hasUt[slot] = ut.length === 0 ? 0 : 1;
  }

  #read(slot: number): Challenge {
    const bytes = this.#bytes.view(slot).slice();
    return {
      id: this.#ids[slot] ?? '',
      peer: this.#peers[slot] ?? '',
      u: bytes.subarray(U_AT, UT_AT),
      ut: bytes.subarray(UT_AT, this.#hasUt[slot] === 1 ? Y_AT : UT_AT),
      y: bytes.subarray(Y_AT, SLOT_BYTES),
    };
  }

  readonly #remove = (slot: number): void => {
    const identity = this.#identities[slot] ?? '';
    const older = this.#older[slot] ?? NO_SLOT;
    let newer = NO_SLOT;
    for (const other of this.#slotsOf(identity)) {
      if (other === slot) break;
      newer = other;
    }
    if (newer !== NO_SLOT) this.#older[newer] = older;
    else if (older !== NO_SLOT) this.#newestOf.set(identity, older);
    else this.#newestOf.delete(identity);
    this.#bytes.view(slot).fill(0);
    this.#identities[slot] = '';
    this.#ids[slot] = '';
    this.#peers[slot] = '';
    this.#lifetimes.release(slot);
  };
}

/** Fields lie side by side in a slot: a wrong length would write into its neighbour. */
function assertLengths({ u, ut, y }: Challenge): void {
  const utFits = ut.length === POINT_BYTES || ut.length === 0;
  if (u.length !== POINT_BYTES || !utFits || y.length !== SCALAR_BYTES) {
    throw new RangeError('a challenge has fields of 65, 65 or 0, and 32 bytes');
  }
}
