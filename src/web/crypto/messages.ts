/** What the page and its worker say to one another. */
import type { Pass1Input } from '../../client/crypto.js';

/** The arguments of each operation of ClientCrypto. */
export interface Operations {
  readonly add: readonly [Uint8Array, Uint8Array];
  readonly extractPin: readonly [Uint8Array, number, Uint8Array];
  readonly pass1: readonly [Pass1Input];
  readonly pass2: readonly [{ x: Uint8Array; y: Uint8Array; sec: Uint8Array }];
}

export type Operation = keyof Operations;

export interface WorkerRequest {
  readonly id: number;
  readonly operation: Operation;
  readonly args: readonly unknown[];
}

export interface WorkerReply {
  readonly id: number;
  /** Time of the computation alone, in milliseconds. */
  readonly ms: number;
  readonly result?: unknown;
  readonly error?: string;
}
