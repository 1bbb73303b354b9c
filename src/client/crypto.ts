/**
 * The client's side of the protocol, plugged in: the native core in Node, a library in JavaScript
 * in a browser (crypto.md §2). Points are 65 bytes, scalars 32, identities their raw bytes.
 */

/** A result at once, or from a worker. */
export type Awaitable<T> = T | Promise<T>;

export interface Pass1Input {
  readonly mpinId: Uint8Array;
  /** 0…9999. */
  readonly pin: number;
  readonly token: Uint8Array;
  /** Time permit and its day number; without both the login goes without permits. */
  readonly timePermit?: Uint8Array;
  readonly date?: number;
}

export interface Pass1Output {
  /** Secret; needed for pass 2, then wiped. */
  readonly x: Uint8Array;
  readonly u: Uint8Array;
  /** Absent without time permits. */
  readonly ut?: Uint8Array;
  /** Secret; needed for pass 2, then wiped. */
  readonly sec: Uint8Array;
}

export interface ClientCrypto {
  /** Sum of two shares. Throws when one of them is no point of the curve. */
  add(a: Uint8Array, b: Uint8Array): Awaitable<Uint8Array>;
  /** The token: the client secret less the PIN. */
  extractPin(mpinId: Uint8Array, pin: number, clientSecret: Uint8Array): Awaitable<Uint8Array>;
  pass1(input: Pass1Input): Awaitable<Pass1Output>;
  /** V, for the server's challenge y. */
  pass2(input: { x: Uint8Array; y: Uint8Array; sec: Uint8Array }): Awaitable<Uint8Array>;
}
