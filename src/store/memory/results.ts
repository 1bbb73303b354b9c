import type { LoginResult, LoginStatus } from '../store.js';
import { ExpiringMap } from './expiring-map.js';

const STATUS_CHARS = 3;
/** Ends the one-time password, which is digits or empty. */
const OTP_END = '|';

/**
 * Frozen login results by authOTT. Each is packed into one string, its identity as bytes: a
 * million of them fit into half the memory that a million objects with hex would take.
 */
export class Results {
  readonly #packed: ExpiringMap<string>;

  constructor(capacity: number) {
    this.#packed = new ExpiringMap(capacity);
  }

  hasRoom(nowMs: number): boolean {
    return this.#packed.hasRoom(nowMs);
  }

  put(authOTT: string, result: LoginResult, lifeMs: number, nowMs: number): void {
    const identity = Buffer.from(result.mpinId, 'hex').toString('latin1');
    const packed = Buffer.from(
      `${result.status}${result.otp ?? ''}${OTP_END}${identity}`,
      'latin1',
    );
    // Through a buffer, because the parts of a joined string would stay in memory one by one.
    this.#packed.set(authOTT, packed.toString('latin1'), lifeMs, nowMs);
  }

  take(authOTT: string, nowMs: number): LoginResult | undefined {
    const packed = this.#packed.get(authOTT, nowMs);
    this.#packed.delete(authOTT);
    if (packed === undefined) return undefined;
    const end = packed.indexOf(OTP_END);
    const otp = packed.slice(STATUS_CHARS, end);
    return {
      status: Number(packed.slice(0, STATUS_CHARS)) as LoginStatus,
      mpinId: Buffer.from(packed.slice(end + 1), 'latin1').toString('hex'),
      ...(otp === '' ? {} : { otp }),
    };
  }
}
