import { Chunks, chunkBytes, NO_CHUNK } from './chunks.js';
import { keyedHash } from './keyed-hash.js';
import { NO_SLOT } from './lifetimes.js';

/** Longest key in bytes: no identity or token is nearly as long. */
const KEY_BYTES_MAX = 4096;
/** Room behind the longest key, so that a longer one is seen to be longer. */
const SLACK_BYTES = 4;

// The key in hand. One for all tables: each call works on it to its end.
const words = new Int32Array((KEY_BYTES_MAX + SLACK_BYTES) / 4);
const bytes = Buffer.from(words.buffer);

type Encoding = 'hex' | 'utf8';

/**
 * A table from byte strings to the numbered slots of its owner, by linear probing. Two keys are
 * the same only when all their bytes are; the hash merely says where to look.
 */
export class ByteKeys {
  readonly #encoding: Encoding;
  readonly #chunks: Chunks;
  /** Slot + 1 by place, 0 where there is none. */
  readonly #places: Int32Array;
  readonly #mask: number;
  readonly #hashes: Int32Array;
  readonly #heads: Int32Array;
  readonly #lengths: Uint16Array;
  #soughtHash = 0;
  #soughtLength = 0;

  /** Texts of `encoding` for slots below `capacity`, together in at most `bytesMax`. */
  constructor(capacity: number, bytesMax: number, encoding: Encoding) {
    // At most three of four places are taken: few steps to any key, 4 bytes a place.
    const size = 2 ** Math.ceil(Math.log2((capacity * 4) / 3 + 1));
    this.#encoding = encoding;
    this.#chunks = new Chunks(bytesMax);
    this.#places = new Int32Array(size);
    this.#mask = size - 1;
    this.#hashes = new Int32Array(capacity);
    this.#heads = new Int32Array(capacity);
    this.#lengths = new Uint16Array(capacity);
  }

  /** Memory that the texts take now. */
  get takenBytes(): number {
    return this.#chunks.takenBytes;
  }

  find(key: string): number {
    const length = load(key, this.#encoding);
    this.#soughtLength = length;
    if (length > KEY_BYTES_MAX) return NO_SLOT;
    const count = wordsFor(length);
    const hash = keyedHash(words, count, length);
    this.#soughtHash = hash;
    for (let place = hash & this.#mask; ; place = (place + 1) & this.#mask) {
      const slot = (this.#places[place] as number) - 1;
      if (slot === NO_SLOT) return NO_SLOT;
      if (
        this.#hashes[slot] === hash &&
        this.#lengths[slot] === length &&
        this.#chunks.equal(this.#heads[slot] as number, words, count)
      ) {
        return slot;
      }
    }
  }

  /**
   * Names a slot that has no key by the key that was just sought and not found, which spares
   * reading it twice; false when there is no room for it. Throws RangeError for a key that is
   * longer than any.
   */
  addSought(slot: number): boolean {
    const hash = this.#soughtHash;
    const length = this.#soughtLength;
    if (length > KEY_BYTES_MAX) throw new RangeError(`a key has at most ${KEY_BYTES_MAX} bytes`);
    const head = this.#chunks.put(words, wordsFor(length));
    if (head === NO_CHUNK) return false;
    this.#hashes[slot] = hash;
    this.#heads[slot] = head;
    this.#lengths[slot] = length;
    let place = hash & this.#mask;
    while (this.#places[place] !== 0) place = (place + 1) & this.#mask;
    this.#places[place] = slot + 1;
    return true;
  }

  /** The key of a slot that has one. */
  keyOf(slot: number): string {
    const length = this.#lengths[slot] as number;
    this.#chunks.get(this.#heads[slot] as number, words, wordsFor(length));
    return bytes.toString(this.#encoding, 0, length);
  }

  /** Memory that the key of a slot takes. */
  bytesOf(slot: number): number {
    return chunkBytes(wordsFor(this.#lengths[slot] as number));
  }

  /** Takes its key from a slot that has one. */
  remove(slot: number): void {
    let gap = (this.#hashes[slot] as number) & this.#mask;
    while (this.#places[gap] !== slot + 1) gap = (gap + 1) & this.#mask;
    // Those behind it move up, so that no search ends at the gap before it has found them.
    for (let place = gap; ; ) {
      place = (place + 1) & this.#mask;
      const other = (this.#places[place] as number) - 1;
      if (other === NO_SLOT) break;
      const home = (this.#hashes[other] as number) & this.#mask;
      if (((place - home) & this.#mask) < ((place - gap) & this.#mask)) continue;
      this.#places[gap] = other + 1;
      gap = place;
    }
    this.#places[gap] = 0;
    this.#chunks.drop(this.#heads[slot] as number);
  }
}

/** Lays the key out as words, zeros behind it; its length in bytes. */
function load(key: string, encoding: Encoding): number {
  const length = bytes.write(key, encoding);
  for (let at = length; (at & 3) !== 0; at += 1) bytes[at] = 0;
  return length;
}

function wordsFor(length: number): number {
  return (length + 3) >> 2;
}
