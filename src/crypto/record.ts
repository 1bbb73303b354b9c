/**
 * The record in which one login travels to the core: fixed-size bytes, so that a batch is one
 * buffer, crosses a thread as one message and is read in place. native/core/mpin.h has the other
 * half of this layout:
 *
 *   0 hash_mpin_id 32 | 32 date 4, big-endian | 36 flags 1 | 37 u 65 | 102 ut 65 |
 *   167 v 65 | 232 y 32
 */
import { G1_BYTES, HASH_BYTES, SCALAR_BYTES } from './sizes.js';

export const RECORD_BYTES = 264;

const DATE_AT = HASH_BYTES;
const FLAGS_AT = DATE_AT + 4;
const U_AT = FLAGS_AT + 1;
const UT_AT = U_AT + G1_BYTES;
const V_AT = UT_AT + G1_BYTES;
const Y_AT = V_AT + G1_BYTES;

/** A length was wrong: the core answers −14 without looking further. */
const FLAG_MALFORMED = 1;

export interface RecordFields {
  /** SHA-256 of the identity, 32 bytes: made by the server, never taken from a client. */
  readonly hashMpinId: Uint8Array;
  /** Day of the time permit, an integer in 0 … 2³²−1; 0 without. */
  readonly date: number;
  readonly u: Uint8Array;
  /** Needed when date is not 0, otherwise ignored. */
  readonly ut?: Uint8Array | undefined;
  readonly v: Uint8Array;
  readonly y: Uint8Array;
}

/** One record in memory of its own. Wrong lengths of u, ut, v or y are checked as −14. */
export function buildRecord(fields: RecordFields): Uint8Array {
  const record = new Uint8Array(RECORD_BYTES);
  writeRecord(record, 0, fields);
  return record;
}

/** Writes a record into a batch that is all zeros from `at` to `at + RECORD_BYTES`. */
export function writeRecord(batch: Uint8Array, at: number, fields: RecordFields): void {
  const { hashMpinId, date, u, ut, v, y } = fields;
  if (hashMpinId.length !== HASH_BYTES) {
    throw new TypeError(`hashMpinId must have ${HASH_BYTES} bytes, got ${hashMpinId.length}`);
  }
  const permitted = date !== 0;
  if (
    u.length !== G1_BYTES ||
    v.length !== G1_BYTES ||
    y.length !== SCALAR_BYTES ||
    (permitted && ut?.length !== G1_BYTES)
  ) {
    batch[at + FLAGS_AT] = FLAG_MALFORMED;
    return;
  }
  batch.set(hashMpinId, at);
  batch[at + DATE_AT] = date >>> 24;
  batch[at + DATE_AT + 1] = date >>> 16;
  batch[at + DATE_AT + 2] = date >>> 8;
  batch[at + DATE_AT + 3] = date;
  batch.set(u, at + U_AT);
  if (permitted && ut !== undefined) batch.set(ut, at + UT_AT);
  batch.set(v, at + V_AT);
  batch.set(y, at + Y_AT);
}
