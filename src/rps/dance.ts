/**
 * The two passes of a login (contract §4.6, §4.7), for REST and WebSocket alike. Pass 2 is the
 * whole decision: checked, counted, frozen. What comes later only reports it (contract §13, 7).
 */
import { randomInt } from 'node:crypto';
import type { RecordFields } from '../crypto/pool.js';
import { HttpError } from '../http/call.js';
import { networkOf } from '../http/peers.js';
import { dayOf, startOfDay } from '../protocol/clock.js';
import { hashMpinId } from '../protocol/mpin-id.js';
import { randomToken } from '../protocol/tokens.js';
import { after } from '../store/after.js';
import type { Awaitable, Challenge } from '../store/store.js';
import { newChallenge } from './challenge.js';
import type { RpsParts } from './parts.js';
import type { Pass1, Pass2 } from './pass-messages.js';
import { type Conclude, concludeHere, type Proof } from './verdict.js';

/** Life of a challenge in milliseconds (contract §10, constants). */
export const CHALLENGE_LIFE_MS = 15_000;
/** After midnight UTC yesterday's permit still holds so long, in milliseconds: as deployed. */
const GRACE_AFTER_MS = 3_600_000;
/** So long before it tomorrow's holds already, for clocks that are ahead (contract §13, 13). */
const GRACE_BEFORE_MS = 300_000;

const OTP_DIGITS = 6;

export interface DanceEnd {
  readonly authOTT: string;
  readonly otp: string | undefined;
}

type DanceParts = Pick<
  RpsParts,
  'options' | 'clock' | 'store' | 'verifier' | 'pinErrors' | 'conclude' | 'onLogin'
>;

export class Dance {
  readonly #parts: DanceParts;
  readonly #conclude: Conclude;

  constructor(parts: DanceParts) {
    this.#parts = parts;
    this.#conclude = parts.conclude ?? concludeHere(parts);
  }

  /** A challenge kept by its caller. Throws 503 (HttpError) while no pass 2 could be checked. */
  challenge(pass1: Pass1, peer: string): Challenge {
    this.#parts.verifier();
    return newChallenge(pass1, peer);
  }

  /** A challenge kept in the store for {@link finish}. */
  begin(mpinId: string, pass1: Pass1, peer: string): Awaitable<Challenge> {
    const challenge = this.challenge(pass1, peer);
    const kept = this.#parts.store.putChallenge(mpinId, challenge, CHALLENGE_LIFE_MS);
    return after(kept, () => challenge);
  }

  /**
   * Pass 2 against the stored challenges. Several may live, as anyone can begin a dance in
   * anyone's name (contract §13, 6): the one that V answers is found by trying. Throws 500
   * (HttpError) when none lives or the one that V answers was used meanwhile.
   */
  async finish(mpinId: string, pass2: Pass2, peer: string): Promise<DanceEnd> {
    this.#parts.verifier();
    const found = this.#parts.store.challenges(mpinId);
    const live = found instanceof Promise ? await found : found;
    if (live.length === 0) throw noPass1();
    const ordered = likeliestFirst(live, peer);
    const answered = await this.#findAnswered(mpinId, ordered, pass2.v);
    const proof: Proof =
      answered === undefined
        ? await this.#unproven(mpinId, ordered, pass2.v)
        : { proven: true, challengeId: answered.id };
    return this.#settle(mpinId, pass2, proof, peer);
  }

  /**
   * Pass 2 against a challenge that only its caller holds, and uses once. One that its client
   * made is used once if `claim`, called when V answers it, says so by not throwing.
   */
  async finishWith(
    mpinId: string,
    pass2: Pass2,
    challenge: Challenge,
    peer: string,
    claim?: () => Awaitable<void>,
  ): Promise<DanceEnd> {
    const answered = await this.#findAnswered(mpinId, [challenge], pass2.v);
    if (answered === undefined) {
      const proof = await this.#unproven(mpinId, [challenge], pass2.v);
      return this.#settle(mpinId, pass2, proof, peer);
    }
    await claim?.();
    return this.#settle(mpinId, pass2, { proven: true }, peer);
  }

  /**
   * The first challenge that V answers on one of today's dates. A point that is none (−14) is a
   * wrong answer like any other, and counts like one: it is never what a client with the right
   * PIN sends, and a second kind of failure would only be a way to try without being counted.
   * A challenge whose own U or UT is none answers nothing, so it cannot spoil those beside it.
   *
   * The likeliest is tried first, all others then as one group. So a right login costs one check
   * whatever else lives in its name, and a wrong one, or one among others' challenges, two waits
   * and not thirty. All at once would make most of these checks fail for nothing: in the hours
   * around midnight every second one.
   */
  async #findAnswered(
    mpinId: string,
    challenges: readonly Challenge[],
    v: Uint8Array,
  ): Promise<Challenge | undefined> {
    const pool = this.#parts.verifier();
    const tries = this.#tries(mpinId, challenges, v);
    if ((await pool.findAccepted(tries.slice(0, 1), mpinId)) === 0) return challenges[0];
    const others = tries.slice(1);
    if (others.length === 0) return undefined;
    const accepted = await pool.findAccepted(others, mpinId);
    return accepted === -1 ? undefined : others[accepted]?.challenge;
  }

  #tries(mpinId: string, challenges: readonly Challenge[], v: Uint8Array): Try[] {
    const { clock, options } = this.#parts;
    const dates = options.usePermits ? permitDates(clock.now()) : [0];
    return triesOf(hashMpinId(mpinId), challenges, dates, v);
  }

  /** A failure, and by how much its PIN was wrong where that is asked for. */
  async #unproven(mpinId: string, challenges: readonly Challenge[], v: Uint8Array): Promise<Proof> {
    const search = this.#parts.pinErrors?.();
    if (search === undefined) return { proven: false };
    return { proven: false, pinError: await search(this.#tries(mpinId, challenges, v)) };
  }

  #settle(mpinId: string, pass2: Pass2, proof: Proof, peer: string): Awaitable<DanceEnd> {
    const { options, store, onLogin } = this.#parts;
    const token = randomToken(options.OTTLength);
    const authOTT = store.authOTTFor?.(mpinId, token) ?? token;
    const otp = options.requestOTP && pass2.wantsOtp ? randomOtp() : undefined;
    const settled = this.#conclude({ mpinId, proof, authOTT, otp, wid: pass2.wid });
    return after(settled, (settlement) => {
      onLogin?.(settlement, peer, mpinId);
      if (settlement === 'gone') throw noPass1();
      return { authOTT, otp };
    });
  }
}

/** Those of the same network first, each kind as it came: usually there is one. */
function likeliestFirst(live: readonly Challenge[], peer: string): readonly Challenge[] {
  if (live.length === 1) return live;
  const network = networkOf(peer);
  return [
    ...live.filter((challenge) => challenge.peer === network),
    ...live.filter((challenge) => challenge.peer !== network),
  ];
}

/** A record to check, and the challenge that it is about. */
interface Try extends RecordFields {
  readonly challenge: Challenge;
}

/** Every challenge on every date, in the order in which they are likely to be right. */
function triesOf(
  hash: Uint8Array,
  challenges: readonly Challenge[],
  dates: readonly number[],
  v: Uint8Array,
): Try[] {
  const tries: Try[] = [];
  for (const challenge of challenges) {
    const { u, ut, y } = challenge;
    for (const date of dates) tries.push({ hashMpinId: hash, date, u, ut, v, y, challenge });
  }
  return tries;
}

/** The dates whose permits hold now, today first: a login is one attempt whichever it used. */
export function permitDates(nowMs: number): number[] {
  const today = dayOf(nowMs);
  if (nowMs - startOfDay(today) < GRACE_AFTER_MS) return [today, today - 1];
  if (startOfDay(today + 1) - nowMs <= GRACE_BEFORE_MS) return [today, today + 1];
  return [today];
}

/** `randomInt` draws again instead of reducing, so every code is equally likely. */
function randomOtp(): string {
  return randomInt(10 ** OTP_DIGITS)
    .toString()
    .padStart(OTP_DIGITS, '0');
}

function noPass1(): HttpError {
  return new HttpError(500, 'Invalid pass one data');
}
