/** What a client is put together from. */
import type { ClientCrypto } from './crypto.js';
import type { IdentityStorage } from './storage.js';
import type { Transport } from './transport.js';

export interface ClientParts {
  /** Where the relying party is: `http://127.0.0.1:8005`. */
  readonly baseUrl: string;
  readonly transport: Transport;
  readonly crypto: ClientCrypto;
  readonly storage: IdentityStorage;
}

/** Encoded length of a G1 point, and of a scalar, in bytes (crypto.md §2). */
export const POINT_BYTES = 65;
export const SCALAR_BYTES = 32;
