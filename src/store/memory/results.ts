import type { LoginResult, LoginStatus } from '../store.js';
import { ByteKeys } from './byte-keys.js';
import { CHUNK_BYTES } from './chunks.js';
import type { Identities } from './identities.js';
import { Lifetimes, NO_SLOT } from './lifetimes.js';

/** Longest token in characters: the hex of 64 bytes, the longest that can be configured. */
const TOKEN_CHARS_MAX = 128;
/** Memory for one token of that length. */
const TOKEN_BYTES_MAX = 3 * CHUNK_BYTES;
const OTP = /^\d{6}$/;
const OTP_DIGITS = 6;
const NO_OTP = -1;

/** Frozen login results by authOTT. */
export class Results {
  readonly #identities: Identities;
  readonly #lifetimes: Lifetimes;
  readonly #tokens: ByteKeys;
  readonly #identityOf: Int32Array;
  readonly #statuses: Uint16Array;
  readonly #otps: Int32Array;

  constructor(identities: Identities, capacity: number) {
    this.#identities = identities;
    this.#lifetimes = new Lifetimes(capacity);
    this.#tokens = new ByteKeys(capacity, capacity * TOKEN_BYTES_MAX, 'utf8');
    this.#identityOf = new Int32Array(capacity);
    this.#statuses = new Uint16Array(capacity);
    this.#otps = new Int32Array(capacity);
  }

  get size(): number {
    return this.#lifetimes.taken;
  }

  /** Whether another result can be added; clears overdue ones first. */
  hasRoomForResult(nowMs: number): boolean {
    this.#lifetimes.clearSome(nowMs, this.#remove);
    return this.#lifetimes.taken < this.#lifetimes.capacity;
  }

  /** Adds a result to an identity that its caller holds. There must be room for it. */
  put(authOTT: string, result: FrozenResult, lifeMs: number, nowMs: number): void {
    const earlier = this.#tokens.find(authOTT);
    if (earlier !== NO_SLOT) this.#remove(earlier);
    const slot = this.#lifetimes.take(lifeMs, nowMs);
    this.#tokens.addSought(slot);
    this.#identities.holdAgain(result.identity);
    this.#identityOf[slot] = result.identity;
    this.#statuses[slot] = result.status;
    this.#otps[slot] = result.otp === undefined ? NO_OTP : Number(result.otp);
  }

  take(authOTT: string, nowMs: number): LoginResult | undefined {
    const slot = this.#tokens.find(authOTT);
    if (slot === NO_SLOT) return undefined;
    const result = this.#lifetimes.isLive(slot, nowMs) ? this.#read(slot) : undefined;
    this.#remove(slot);
    return result;
  }

  #read(slot: number): LoginResult {
    const status = this.#statuses[slot] as LoginStatus;
    const mpinId = this.#identities.mpinIdOf(this.#identityOf[slot] as number);
    const otp = this.#otps[slot] as number;
    if (otp === NO_OTP) return { status, mpinId };
    return { status, mpinId, otp: String(otp).padStart(OTP_DIGITS, '0') };
  }

  readonly #remove = (slot: number): void => {
    this.#tokens.remove(slot);
    this.#lifetimes.release(slot);
    this.#identities.release(this.#identityOf[slot] as number);
  };
}

export interface FrozenResult {
  readonly identity: number;
  readonly status: LoginStatus;
  readonly otp?: string | undefined;
}

/** Throws RangeError for what no result can be kept under or with. */
export function assertKeepable(authOTT: string, otp: string | undefined): void {
  if (authOTT.length > TOKEN_CHARS_MAX) {
    throw new RangeError(`an authOTT has at most ${TOKEN_CHARS_MAX} characters`);
  }
  if (otp !== undefined && !OTP.test(otp)) {
    throw new RangeError(`a one-time password has ${OTP_DIGITS} digits`);
  }
}
