/** What {@link Chunks} answers when it has no room. */
export const NO_CHUNK = -1;

/** Words of a chunk: one links to the next, the rest is content. */
const CHUNK_WORDS = 16;
const LINK = 0;
const CONTENT_WORDS = CHUNK_WORDS - 1;
/** Bytes of memory that one chunk takes. */
export const CHUNK_BYTES = 4 * CHUNK_WORDS;
/** A quarter of a megabyte a block, so that small stores stay small. */
const CHUNKS_PER_BLOCK = 4096;

/**
 * Texts of any length in one pool, as chains of chunks of 64 bytes: nothing for the garbage
 * collector to walk, no gaps between texts of different lengths, and one bound on all of them.
 * Blocks are kept once touched.
 */
export class Chunks {
  readonly #capacity: number;
  readonly #blocks: Int32Array[] = [];
  /** Chunks from here on were never taken. */
  #untouched = 0;
  #free = NO_CHUNK;
  #taken = 0;

  constructor(bytesMax: number) {
    this.#capacity = Math.floor(bytesMax / CHUNK_BYTES);
  }

  get takenBytes(): number {
    return this.#taken * CHUNK_BYTES;
  }

  /** Keeps the first `count` words; the head of their chain, or NO_CHUNK when they do not fit. */
  put(words: Int32Array, count: number): number {
    const needed = chunksFor(count);
    if (this.#taken + needed > this.#capacity) return NO_CHUNK;
    let head = NO_CHUNK;
    // From the last chunk to the first, as each links to the next.
    for (let index = needed - 1; index >= 0; index -= 1) {
      const chunk = this.#take();
      const block = this.#blockOf(chunk);
      const at = placeOf(chunk);
      block[at + LINK] = head;
      const from = index * CONTENT_WORDS;
      const length = Math.min(CONTENT_WORDS, count - from);
      for (let word = 0; word < length; word += 1) {
        block[at + 1 + word] = words[from + word] as number;
      }
      head = chunk;
    }
    return head;
  }

  /** Whether the chain at `head` holds the first `count` words. */
  equal(head: number, words: Int32Array, count: number): boolean {
    let chunk = head;
    for (let from = 0; from < count; from += CONTENT_WORDS) {
      const block = this.#blockOf(chunk);
      const at = placeOf(chunk);
      const length = Math.min(CONTENT_WORDS, count - from);
      for (let word = 0; word < length; word += 1) {
        if (block[at + 1 + word] !== words[from + word]) return false;
      }
      chunk = block[at + LINK] as number;
    }
    return true;
  }

  /** Copies the `count` words of the chain at `head`. */
  get(head: number, words: Int32Array, count: number): void {
    let chunk = head;
    for (let from = 0; from < count; from += CONTENT_WORDS) {
      const block = this.#blockOf(chunk);
      const at = placeOf(chunk);
      const length = Math.min(CONTENT_WORDS, count - from);
      for (let word = 0; word < length; word += 1) {
        words[from + word] = block[at + 1 + word] as number;
      }
      chunk = block[at + LINK] as number;
    }
  }

  /** Gives the chain at `head` back. */
  drop(head: number): void {
    let chunk = head;
    while (chunk !== NO_CHUNK) {
      const block = this.#blockOf(chunk);
      const at = placeOf(chunk);
      const next = block[at + LINK] as number;
      block.fill(0, at, at + CHUNK_WORDS);
      block[at + LINK] = this.#free;
      this.#free = chunk;
      this.#taken -= 1;
      chunk = next;
    }
  }

  #take(): number {
    this.#taken += 1;
    if (this.#free === NO_CHUNK) {
      this.#untouched += 1;
      return this.#untouched - 1;
    }
    const chunk = this.#free;
    this.#free = this.#blockOf(chunk)[placeOf(chunk) + LINK] as number;
    return chunk;
  }

  #blockOf(chunk: number): Int32Array {
    const index = Math.floor(chunk / CHUNKS_PER_BLOCK);
    let block = this.#blocks[index];
    if (block === undefined) {
      block = new Int32Array(CHUNKS_PER_BLOCK * CHUNK_WORDS);
      this.#blocks[index] = block;
    }
    return block;
  }
}

/** Bytes of the pool that a text of `count` words takes. */
export function chunkBytes(count: number): number {
  return chunksFor(count) * CHUNK_BYTES;
}

function chunksFor(count: number): number {
  return Math.max(1, Math.ceil(count / CONTENT_WORDS));
}

function placeOf(chunk: number): number {
  return (chunk % CHUNKS_PER_BLOCK) * CHUNK_WORDS;
}
