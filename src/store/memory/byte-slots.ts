/** Slots a block: about a megabyte a block for challenges, so small stores stay small. */
const SLOTS_PER_BLOCK = 4096;

/**
 * Fixed-size byte records by slot number, in large blocks: a million small Uint8Arrays would
 * cost several times their content. Blocks are kept once touched.
 */
export class ByteSlots {
  readonly #slotBytes: number;
  readonly #blocks: Buffer[] = [];

  constructor(slotBytes: number) {
    this.#slotBytes = slotBytes;
  }

  /** The block that a slot lies in; its bytes begin at {@link start}. */
  block(slot: number): Buffer {
    const index = Math.floor(slot / SLOTS_PER_BLOCK);
    let block = this.#blocks[index];
    if (block === undefined) {
      block = Buffer.alloc(SLOTS_PER_BLOCK * this.#slotBytes);
      this.#blocks[index] = block;
    }
    return block;
  }

  start(slot: number): number {
    return (slot % SLOTS_PER_BLOCK) * this.#slotBytes;
  }
}
