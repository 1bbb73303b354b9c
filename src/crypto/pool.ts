/**
 * The only way of the server to the native core: pools of worker threads that hold the secrets
 * prepared, so that the event loop never waits for arithmetic.
 */

/** 0 accepted, −19 wrong PIN or token, −14 a point that is none (crypto.md §2). */
export type VerifyStatus = 0 | -19 | -14;

export interface VerifierPool {
  /** Checks one record made by `buildRecord` of record.ts. */
  verify(record: Uint8Array): Promise<VerifyStatus>;
  close(): Promise<void>;
}

export interface AuthorityPool {
  /** s·Q, 128 bytes. */
  serverSecretShare(): Promise<Uint8Array>;
  /** s·map(hash), 65 bytes. */
  clientSecretShare(hashMpinId: Uint8Array): Promise<Uint8Array>;
  /** s·T for each day, 65 bytes each, in the order of `days`. */
  timePermitShares(hashMpinId: Uint8Array, days: readonly number[]): Promise<Uint8Array[]>;
  close(): Promise<void>;
}
