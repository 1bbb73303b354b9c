/** What becomes of a pass 2 that has been checked: counted and frozen in one step of the store. */
import type { Awaitable, OtherFailures, Settlement } from '../store/store.js';
import { meetingFor } from './meetings.js';
import type { RpsParts } from './parts.js';

/** Life of a result in milliseconds (contract §10, constants). */
export const RESULT_LIFE_MS = 60_000;

const MS_PER_SECOND = 1000;

/** By how much a PIN was wrong: entered minus true one. */
export interface PinError {
  readonly error: number;
  /** Time that finding it took, in milliseconds. */
  readonly costMs: number;
}

export type Proof =
  | { readonly proven: true; readonly challengeId?: string }
  | {
      readonly proven: false;
      /** Undefined when nobody looked for it, or more than the PIN is wrong. */
      readonly pinError?: PinError | undefined;
    };

/** One pass 2, checked. */
export interface Verdict {
  readonly mpinId: string;
  readonly proof: Proof;
  /** Names the result for whoever is given it. */
  readonly authOTT: string;
  readonly otp: string | undefined;
  /** Access number or QR id of the browser to be logged in; '' for none. */
  readonly wid: string;
}

/** Decides, counts and records a verdict. */
export type Conclude = (verdict: Verdict) => Awaitable<Settlement>;

/** Concludes in the store of this service. */
export function concludeHere({ options, store }: Pick<RpsParts, 'options' | 'store'>): Conclude {
  const settle = (
    { mpinId, proof, otp }: Verdict,
    authOTT: string | undefined,
    meetingId: string | undefined,
  ): Awaitable<Settlement> =>
    store.settle({
      mpinId,
      proof: proof.proven ? proof : { proven: false, pinError: proof.pinError !== undefined },
      authOTT,
      meetingId,
      otp,
      resultLifeMs: RESULT_LIFE_MS,
      failuresMax: options.maxInvalidLoginAttempts,
      otherFailures: otherFailuresOf(options),
    });
  return (verdict) => {
    const { authOTT, wid } = verdict;
    if (wid === '') return settle(verdict, authOTT, undefined);
    // Without a meeting the attempt counts, and its token names nothing (contract §4.7).
    return meetingFor(store, verdict).then((meetingId) =>
      settle(verdict, meetingId === undefined ? undefined : authOTT, meetingId),
    );
  };
}

/** Undefined under the policy by which every failure locks. */
function otherFailuresOf(options: RpsParts['options']): OtherFailures | undefined {
  if (options.lockPolicy !== 'pinError') return undefined;
  return {
    perWindow: options.otherFailuresMax,
    windowMs: options.otherFailuresWindowSeconds * MS_PER_SECOND,
    inAll: options.otherFailuresTotalMax,
  };
}
