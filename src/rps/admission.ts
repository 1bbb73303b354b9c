/**
 * Who may go on when there is more to do than can be done. New logins are refused first and
 * cheaply, before their body is read; those already begun end, so that no work is done in vain.
 */
import type { RpsOptions } from '../config/rps.js';
import type { Answer } from '../http/call.js';
import { RETRY_LATER, VERSION } from './replies.js';

/** Made once: under overload it is sent more often than anything else. */
const BUSY: Answer = {
  status: 503,
  body: JSON.stringify({ version: VERSION, message: 'Busy, try again' }),
  contentType: 'application/json; charset=utf-8',
  headers: RETRY_LATER,
};

type Limits = Pick<RpsOptions, 'loginsInFlightMax' | 'verifyQueueMax'>;

export class LoginAdmission {
  readonly #limits: Limits;
  readonly #waiting: () => number;
  /** Refusals since the start. */
  begun = 0;
  checked = 0;

  /** `waiting` counts the logins that wait for a worker. */
  constructor(limits: Limits, waiting: () => number) {
    this.#limits = limits;
    this.#waiting = waiting;
  }

  /** Before pass 1 and new WebSockets: the answer that refuses them, or undefined. */
  begin(): Answer | undefined {
    if (this.#waiting() < this.#limits.loginsInFlightMax) return undefined;
    this.begun += 1;
    return BUSY;
  }

  /** Before pass 2: the answer that refuses it, or undefined. */
  check(): Answer | undefined {
    if (this.#waiting() < this.#limits.verifyQueueMax) return undefined;
    this.checked += 1;
    return BUSY;
  }
}
