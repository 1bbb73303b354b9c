/** What goes wrong in the crypto layer, apart from wrong JavaScript types and ranges. */

/** Status numbers of the deployed M-Pin libraries, as the core returns them (contract §8). */
export const STATUS_OK = 0;
export const STATUS_BAD_PARAMETER = -11;
export const STATUS_INVALID_POINT = -14;
export const STATUS_BAD_PIN = -19;

export type CryptoErrorCode = typeof STATUS_BAD_PARAMETER | typeof STATUS_INVALID_POINT;

const MESSAGES: Readonly<Record<CryptoErrorCode, string>> = {
  [STATUS_BAD_PARAMETER]: 'a scalar is out of range',
  [STATUS_INVALID_POINT]: 'a point is not an acceptable point of its group',
};

/** Bytes of the right length that are not what they should be. Never carries the bytes. */
export class MpinCryptoError extends Error {
  /** −14: a point is none, or a sum is infinite; −11: a scalar is 0 or not below the order. */
  readonly code: CryptoErrorCode;

  constructor(code: CryptoErrorCode) {
    super(`${MESSAGES[code]} (${code})`);
    this.name = 'MpinCryptoError';
    this.code = code;
  }
}

/** Turns a status of the core that is not ok into an exception. */
export function demandOk(status: number): void {
  if (status === STATUS_OK) return;
  if (status === STATUS_BAD_PARAMETER || status === STATUS_INVALID_POINT) {
    throw new MpinCryptoError(status);
  }
  throw new Error(`the native core returned the unexpected status ${status}`);
}

/** Why a pool could not do a task: answered with 503 and Retry-After. */
export class PoolError extends Error {
  /** `full`: the queue is at its limit; `unavailable`: the worker died or the pool is closed. */
  readonly reason: 'full' | 'unavailable';

  constructor(reason: 'full' | 'unavailable', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PoolError';
    this.reason = reason;
  }
}
