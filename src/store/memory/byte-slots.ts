/** Slots a block: about half a megabyte a block for challenges, so small stores stay small. */
const SLOTS_PER_BLOCK = 4096;

/**
 * Fixed-size byte records by slot number, in large blocks: a million small Uint8Arrays would
 * cost several times their content. Blocks are kept once touched.
 */
export class ByteSlots {
  readonly #slotBytes: number;
  readonly #blocks: Uint8Array[] = [];

  constructor(slotBytes: number) {
    this.#slotBytes = slotBytes;
  }

  /** The bytes of a slot themselves, not a copy: valid until the slot is used again. */
  view(slot: number): Uint8Array {
    const index = Math.floor(slot / SLOTS_PER_BLOCK);
    let block = this.#blocks[index];
    if (block === undefined) {
      block = new Uint8Array(SLOTS_PER_BLOCK * this.#slotBytes);
      this.#blocks[index] = block;
    }
    const start = (slot % SLOTS_PER_BLOCK) * this.#slotBytes;
    return block.subarray(start, start + this.#slotBytes);
  }
}
