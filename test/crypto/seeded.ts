/** Random values that can be had again: all from one seed, which the test prints. */
import { createHash, randomBytes } from 'node:crypto';

/** TEST_SEED repeats a run. */
export const seed = process.env['TEST_SEED'] ?? randomBytes(8).toString('hex');

export class Seeded {
  readonly #name: string;
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** At most 32 bytes. */
  bytes(size: number): Uint8Array {
    this.#count += 1;
    const digest = createHash('sha256').update(`${seed} ${this.#name} ${this.#count}`).digest();
    return Uint8Array.from(digest.subarray(0, size));
  }

  /** An integer in 0 … below − 1, for small `below`. */
  int(below: number): number {
    return Buffer.from(this.bytes(6)).readUIntBE(0, 6) % below;
  }

  /** A scalar in [1, 2²⁵³), which is inside [1, r). */
  scalar(): Uint8Array {
    const scalar = this.bytes(32);
    scalar[0] = (scalar[0] ?? 0) & 0x1f;
    scalar[31] = (scalar[31] ?? 0) | 1;
    return scalar;
  }

  mpinId(): Uint8Array {
    return Uint8Array.from(
      Buffer.from(`{"userID": "${Buffer.from(this.bytes(8)).toString('hex')}"}`),
    );
  }
}
