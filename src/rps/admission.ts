/**
 * Who may go on when there is more to do than can be done. New logins are refused first and
 * cheaply, before their body is read; those already begun end, so that no work is done in vain.
 */
import type { RpsOptions } from '../config/rps.js';
import type { VerifierPool } from '../crypto/pool.js';
import { type Answer, JSON_TYPE } from '../http/call.js';
import { RETRY_LATER, VERSION } from './replies.js';

/** Made once: under overload it is sent more often than anything else. */
const BUSY: Answer = {
  status: 503,
  body: JSON.stringify({ version: VERSION, message: 'Busy, try again' }),
  contentType: JSON_TYPE,
  headers: RETRY_LATER,
};

/**
 * Logins that may be in flight however long that takes: one batch to run while the next one comes
 * together. With fewer, a server with slow arithmetic would work in batches too small to be cheap.
 */
const IN_FLIGHT_ALWAYS = 64;

type Limits = Pick<RpsOptions, 'loginsInFlightMax' | 'loginWaitMsMax' | 'verifyQueueMax'>;

/** What the workers have before them (crypto/pool.ts). */
type Waiting = Pick<VerifierPool, 'inFlight' | 'expectedWaitMs'>;

export class LoginAdmission {
  readonly #limits: Limits;
  readonly #pool: () => Waiting | undefined;
  /** Refusals since the start. */
  begun = 0;
  checked = 0;

  constructor(limits: Limits, pool: () => Waiting | undefined) {
    this.#limits = limits;
    this.#pool = pool;
  }

  /** Before pass 1 and new WebSockets: the answer that refuses them, or undefined. */
  begin(): Answer | undefined {
    const pool = this.#pool();
    if (pool === undefined || !this.#tooMany(pool)) return undefined;
    this.begun += 1;
    return BUSY;
  }

  /** Before pass 2: the answer that refuses it, or undefined. */
  check(): Answer | undefined {
    const pool = this.#pool();
    if (pool === undefined || pool.inFlight < this.#limits.verifyQueueMax) return undefined;
    this.checked += 1;
    return BUSY;
  }

  #tooMany({ inFlight, expectedWaitMs }: Waiting): boolean {
    const { loginsInFlightMax, loginWaitMsMax } = this.#limits;
    if (inFlight >= loginsInFlightMax) return true;
    return inFlight >= IN_FLIGHT_ALWAYS && expectedWaitMs > loginWaitMsMax;
  }
}
