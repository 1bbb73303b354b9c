import { Lifetimes, NO_SLOT } from './lifetimes.js';

/** A map whose entries end by themselves and which never holds more than `capacity` of them. */
export class ExpiringMap<V> {
  readonly #lifetimes: Lifetimes;
  readonly #slots = new Map<string, number>();
  readonly #keys: string[] = [];
  readonly #values: (V | undefined)[] = [];

  constructor(capacity: number) {
    this.#lifetimes = new Lifetimes(capacity);
  }

  /** Entries now, overdue ones included. */
  get size(): number {
    return this.#lifetimes.taken;
  }

  get(key: string, nowMs: number): V | undefined {
    const slot = this.#slots.get(key);
    if (slot === undefined || !this.#lifetimes.isLive(slot, nowMs)) return undefined;
    return this.#values[slot];
  }

  /** Whether another entry can be added; clears overdue ones first. */
  hasRoom(nowMs: number): boolean {
    this.#lifetimes.clearSome(nowMs, this.#remove);
    return this.#lifetimes.taken < this.#lifetimes.capacity;
  }

  /** Adds an entry, or replaces one and its life; false when the map is full. */
  set(key: string, value: V, lifeMs: number, nowMs: number): boolean {
    this.delete(key);
    if (!this.hasRoom(nowMs)) return false;
    const slot = this.#lifetimes.take(lifeMs, nowMs);
    this.#slots.set(key, slot);
    this.#keys[slot] = key;
    this.#values[slot] = value;
    return true;
  }

  /** Changes the value of a live entry and leaves its life alone; false when there is none. */
  update(key: string, change: (value: V) => V, nowMs: number): boolean {
    const slot = this.#slots.get(key);
    const value = this.get(key, nowMs);
    if (slot === undefined || value === undefined) return false;
    this.#values[slot] = change(value);
    return true;
  }

  delete(key: string): void {
    const slot = this.#slots.get(key);
    if (slot !== undefined) this.#remove(slot);
  }

  /** Removes the entry that would end first. */
  deleteNextToEnd(): void {
    const slot = this.#lifetimes.nextToEnd();
    if (slot !== NO_SLOT) this.#remove(slot);
  }

  readonly #remove = (slot: number): void => {
    this.#slots.delete(this.#keys[slot] ?? '');
    this.#keys[slot] = '';
    this.#values[slot] = undefined;
    this.#lifetimes.release(slot);
  };
}
