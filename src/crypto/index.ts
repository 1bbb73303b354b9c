/**
 * M-Pin on the curve BN254CX, byte for byte as deployed: the public face of the native core,
 * exported by the package as `mpin-server/crypto`.
 *
 * Bytes are Uint8Arrays; every returned one is memory of its own. A wrong type or length throws
 * TypeError, a number out of range RangeError, a bad point or scalar MpinCryptoError. The checks
 * of a verifier return 0, −19 or −14 as values instead. Calls are synchronous and take from some
 * ten microseconds to some milliseconds: a server goes through pool.ts.
 */
export {
  addG1,
  addG2,
  clientSecretShare,
  hashId,
  randomSecret,
  serverSecretShare,
  timePermitShare,
} from './authority.js';
export {
  clientPass1,
  clientPass2,
  extractPin,
  type Pass1Input,
  type Pass1Output,
  type Pass2Input,
} from './client.js';
export { type CryptoErrorCode, MpinCryptoError } from './errors.js';
export type { CryptoProvider } from './provider.js';
export { createVerifier, type LoginProof, type Verifier, type VerifyStatus } from './verifier.js';
