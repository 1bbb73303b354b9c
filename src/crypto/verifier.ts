/** The server's side: checks of proofs under one server secret (contract §8). */
import type { NativeVerifier } from './addon.js';
import { demandBytes, demandDate, demandObject } from './arguments.js';
import { hashId } from './authority.js';
import {
  demandOk,
  type STATUS_BAD_PIN,
  type STATUS_INVALID_POINT,
  type STATUS_OK,
} from './errors.js';
import { type CryptoProvider, providerOf } from './provider.js';
import { buildRecord, RECORD_BYTES, writeRecord } from './record.js';
import { G2_BYTES } from './sizes.js';

/** 0 accepted, −19 wrong PIN or token, −14 a point that is none. */
export type VerifyStatus = typeof STATUS_OK | typeof STATUS_BAD_PIN | typeof STATUS_INVALID_POINT;

/** One login to check. */
export interface LoginProof {
  /** The identity's raw bytes, of any length. */
  readonly mpinId: Uint8Array;
  /** Day of the time permit; 0 without, then `u` is what is checked. */
  readonly date: number;
  readonly u: Uint8Array;
  /** Needed when date is not 0, otherwise ignored. */
  readonly ut?: Uint8Array | undefined;
  /** The server's own challenge, 32 bytes, taken mod r. */
  readonly y: Uint8Array;
  readonly v: Uint8Array;
}

/**
 * Holds a server secret prepared for pairings, outside of the JavaScript heap. Whatever clients
 * send is answered by a status: wrong lengths of u, ut, v and y, a missing ut and bad points are
 * −14. Only wrong JavaScript types throw.
 */
export interface Verifier {
  verify(proof: LoginProof): VerifyStatus;
  /** The statuses of several logins in their order, each what `verify` would say. */
  verifyBatch(proofs: readonly LoginProof[]): VerifyStatus[];
  /**
   * The same over the records of record.ts, one after the other in one array. The share of them
   * that is likely to fail, 0 … 1, helps to choose the quickest way and changes no status.
   */
  verifyRecords(records: Uint8Array, failureRate?: number): Int8Array;
  /**
   * Entered minus true PIN, exact within ±9999, 0 for a right one; null when a point is bad or
   * the proof is wrong by more than its PIN (a wrong token, or a permit of another day).
   */
  pinError(proof: LoginProof): number | null;
  /** The same of one record of record.ts. */
  recordPinError(record: Uint8Array): number | null;
  /** Wipes the secret; every later check throws an Error. */
  close(): void;
}

/**
 * Prepares a server secret, the sum of all authorities' shares (128 bytes). Throws −14 when it is
 * not a point of the group, an Error when this build has no such provider. The given array is not
 * kept; `close` wipes what was made of it, as does garbage collection.
 */
export function createVerifier(
  serverSecret: Uint8Array,
  provider: CryptoProvider = 'core',
): Verifier {
  demandBytes('serverSecret', serverSecret, G2_BYTES);
  return new PreparedVerifier(serverSecret, provider);
}

class PreparedVerifier implements Verifier {
  readonly #native: NativeVerifier;

  constructor(serverSecret: Uint8Array, provider: CryptoProvider) {
    this.#native = new (providerOf(provider).Verifier)();
    demandOk(this.#native.prepare(serverSecret));
  }

  verify(proof: LoginProof): VerifyStatus {
    return this.verifyRecords(buildRecord(recordFields(proof)))[0] as VerifyStatus;
  }

  verifyBatch(proofs: readonly LoginProof[]): VerifyStatus[] {
    const records = new Uint8Array(proofs.length * RECORD_BYTES);
    for (const [index, proof] of proofs.entries()) {
      writeRecord(records, index * RECORD_BYTES, recordFields(proof));
    }
    return Array.from(this.verifyRecords(records)) as VerifyStatus[];
  }

  verifyRecords(records: Uint8Array, failureRate = 0): Int8Array {
    demandBytes('records', records);
    if (records.length % RECORD_BYTES !== 0) {
      throw new TypeError(`records must be a multiple of ${RECORD_BYTES} bytes`);
    }
    const statuses = new Int8Array(records.length / RECORD_BYTES);
    this.#native.verifyBatch(statuses, records, failureRate);
    return statuses;
  }

  pinError(proof: LoginProof): number | null {
    return this.recordPinError(buildRecord(recordFields(proof)));
  }

  recordPinError(record: Uint8Array): number | null {
    demandBytes('record', record, RECORD_BYTES);
    return this.#native.pinError(record);
  }

  close(): void {
    this.#native.close();
  }
}

/** Checks the types of a proof, and hashes its identity. */
function recordFields(proof: LoginProof) {
  demandObject('proof', proof);
  const { mpinId, date, u, ut, v, y } = proof;
  demandBytes('mpinId', mpinId);
  demandDate(date, 0);
  demandBytes('u', u);
  if (ut !== undefined) demandBytes('ut', ut);
  demandBytes('v', v);
  demandBytes('y', y);
  return { hashMpinId: hashId(mpinId), date, u, ut, v, y };
}
