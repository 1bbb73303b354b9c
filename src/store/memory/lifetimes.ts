/** What {@link Lifetimes} answers where there is no slot. */
export const NO_SLOT = -1;

/**
 * Overdue slots cleared by each call that takes one. More than one, so that clearing outruns
 * taking; few, so that no call pays for a million entries that ended while nobody asked.
 */
const CLEARED_PER_CALL = 8;

/** Slots of one life in the order they were taken, which is the order in which they end. */
interface LifeQueue {
  readonly number: number;
  lifeMs: number;
  oldest: number;
  newest: number;
}

/**
 * Numbered slots, each taken for a life and then overdue. Nothing is ever scanned: slots of the
 * same life end in the order they were taken, so one chain a life knows the next one to end, and
 * a store has only a handful of lives. A slot that is released early leaves its chain at once, so
 * the ends of former holders cannot touch the next one (contract §13, 17).
 *
 * Links and times lie in typed arrays, not in objects: a million slots are 20 MB that the garbage
 * collector never walks. They are sized for the capacity once; untouched pages cost nothing.
 */
export class Lifetimes {
  readonly capacity: number;
  readonly #expiresAtMs: Float64Array;
  /** Towards the newest slot of the life; among free slots the next free one. */
  readonly #newer: Int32Array;
  readonly #older: Int32Array;
  /** Number of the queue + 1 by slot, 0 for a slot that is not taken. */
  readonly #queueOf: Int32Array;
  /** By number. An empty one serves the next new life, so there are as many as lives at once. */
  readonly #queues: LifeQueue[] = [];
  readonly #inUse = new Map<number, LifeQueue>();
  readonly #empty: LifeQueue[] = [];
  /** Slots from here on were never taken. */
  #untouched = 0;
  #free = NO_SLOT;
  #taken = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#expiresAtMs = new Float64Array(capacity);
    this.#newer = new Int32Array(capacity);
    this.#older = new Int32Array(capacity);
    this.#queueOf = new Int32Array(capacity);
  }

  /** Slots taken now, overdue ones included. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes a slot until `nowMs + lifeMs`; NO_SLOT when all are taken. */
  take(lifeMs: number, nowMs: number): number {
    const slot = this.#freeSlot();
    if (slot === NO_SLOT) return NO_SLOT;
    const queue = this.#queue(lifeMs);
    this.#expiresAtMs[slot] = nowMs + lifeMs;
    this.#queueOf[slot] = queue.number + 1;
    this.#older[slot] = queue.newest;
    this.#newer[slot] = NO_SLOT;
    if (queue.newest === NO_SLOT) queue.oldest = slot;
    else this.#newer[queue.newest] = slot;
    queue.newest = slot;
    this.#taken += 1;
    return slot;
  }

  /** Gives a taken slot back. */
  release(slot: number): void {
    const queue = this.#queues[(this.#queueOf[slot] ?? 0) - 1];
    if (queue === undefined) throw new Error(`slot ${slot} is not taken`);
    const older = this.#older[slot] ?? NO_SLOT;
    const newer = this.#newer[slot] ?? NO_SLOT;
    if (older === NO_SLOT) queue.oldest = newer;
    else this.#newer[older] = newer;
    if (newer === NO_SLOT) queue.newest = older;
    else this.#older[newer] = older;
    if (queue.oldest === NO_SLOT) this.#retire(queue);
    this.#queueOf[slot] = 0;
    this.#newer[slot] = this.#free;
    this.#free = slot;
    this.#taken -= 1;
  }

  isLive(slot: number, nowMs: number): boolean {
    return nowMs < (this.#expiresAtMs[slot] ?? 0);
  }

  /** Has some of the overdue slots removed; `remove` must release the slot it is given. */
  clearSome(nowMs: number, remove: (slot: number) => void): void {
    for (let cleared = 0; cleared < CLEARED_PER_CALL; cleared += 1) {
      const slot = this.nextToEnd();
      if (slot === NO_SLOT || this.isLive(slot, nowMs)) return;
      remove(slot);
    }
  }

  /** The slot that ends first, or NO_SLOT when none is taken. */
  nextToEnd(): number {
    let first = NO_SLOT;
    let firstMs = Number.POSITIVE_INFINITY;
    for (const queue of this.#inUse.values()) {
      const endsMs = this.#expiresAtMs[queue.oldest] ?? 0;
      if (endsMs < firstMs) {
        first = queue.oldest;
        firstMs = endsMs;
      }
    }
    return first;
  }

  #freeSlot(): number {
    if (this.#free !== NO_SLOT) {
      const slot = this.#free;
      this.#free = this.#newer[slot] ?? NO_SLOT;
      return slot;
    }
    if (this.#untouched === this.capacity) return NO_SLOT;
    this.#untouched += 1;
    return this.#untouched - 1;
  }

  #queue(lifeMs: number): LifeQueue {
    let queue = this.#inUse.get(lifeMs);
    if (queue !== undefined) return queue;
    queue = this.#empty.pop();
    if (queue === undefined) {
      queue = { number: this.#queues.length, lifeMs, oldest: NO_SLOT, newest: NO_SLOT };
      this.#queues.push(queue);
    }
    queue.lifeMs = lifeMs;
    this.#inUse.set(lifeMs, queue);
    return queue;
  }

  #retire(queue: LifeQueue): void {
    this.#inUse.delete(queue.lifeMs);
    this.#empty.push(queue);
  }
}
