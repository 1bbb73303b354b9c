/** What the file holds of one identity: its failures and its challenges, in one record. */
import { POINT_BYTES, SCALAR_BYTES } from '../challenge.js';
import {
  CHALLENGES_PER_IDENTITY_MAX,
  type Challenge,
  FAILURES_PER_CHALLENGE_MAX,
} from '../store.js';
import { NEVER_MS } from './table.js';

export interface KeptChallenge {
  readonly challenge: Challenge;
  readonly endsMs: number;
  /** Failures of the identity in the life of this challenge. */
  readonly failures: number;
}

export interface IdentityState {
  /** Those that lock. */
  readonly failures: number;
  /** All others since the last right PIN (OtherFailures of store.ts). */
  readonly others: number;
  /** Oldest first. */
  readonly challenges: readonly KeptChallenge[];
}

const COUNT_BYTES = 4;
/** Failures, and others. */
const COUNTS_BYTES = 2 * COUNT_BYTES;
/** Of each challenge: end, failures, and the lengths of UT, id and peer. */
const END_BYTES = 6;
const HEAD_BYTES = END_BYTES + 4;
const COUNT_MAX = 2 ** 32 - 1;

const NOTHING: IdentityState = { failures: 0, others: 0, challenges: [] };

export function decodeIdentity(payload: Buffer | undefined): IdentityState {
  if (payload === undefined) return NOTHING;
  const challenges: KeptChallenge[] = [];
  let at = COUNTS_BYTES;
  while (at < payload.length) {
    const lengths = at + END_BYTES + 1;
    let next = at + HEAD_BYTES;
    const take = (bytes: number): Buffer => {
      next += bytes;
      return payload.subarray(next - bytes, next);
    };
    challenges.push({
      endsMs: payload.readUIntBE(at, END_BYTES),
      failures: payload.readUInt8(at + END_BYTES),
      challenge: {
        u: take(POINT_BYTES),
        ut: take(payload.readUInt8(lengths)),
        y: take(SCALAR_BYTES),
        id: take(payload.readUInt8(lengths + 1)).toString('latin1'),
        peer: take(payload.readUInt8(lengths + 2)).toString('latin1'),
      },
    });
    at = next;
  }
  if (at !== payload.length) throw new Error('a damaged record of an identity');
  return {
    failures: payload.readUInt32BE(0),
    others: payload.readUInt32BE(COUNT_BYTES),
    challenges,
  };
}

/** Undefined for a state that need not be kept. */
export function encodeIdentity(state: IdentityState): Buffer | undefined {
  const { failures, others, challenges } = state;
  if (!isFailing(state) && challenges.length === 0) return undefined;
  const head = Buffer.allocUnsafe(COUNTS_BYTES);
  head.writeUInt32BE(Math.min(failures, COUNT_MAX), 0);
  head.writeUInt32BE(Math.min(others, COUNT_MAX), COUNT_BYTES);
  return Buffer.concat([head, ...challenges.flatMap(partsOf)]);
}

export function isFailing({ failures, others }: IdentityState): boolean {
  return failures > 0 || others > 0;
}

/** When something of it ends next. */
export function nextEnd({ challenges }: IdentityState): number {
  return challenges.length === 0 ? NEVER_MS : Math.min(...challenges.map(({ endsMs }) => endsMs));
}

export function withoutOverdue(state: IdentityState, nowMs: number): IdentityState {
  const challenges = state.challenges.filter(({ endsMs }) => nowMs < endsMs);
  return challenges.length === state.challenges.length ? state : { ...state, challenges };
}

/** Adds a challenge; at the limit one makes room, as Store.putChallenge says. */
export function withChallenge(state: IdentityState, added: KeptChallenge): IdentityState {
  const { challenges } = state;
  if (challenges.length < CHALLENGES_PER_IDENTITY_MAX) {
    return { ...state, challenges: [...challenges, added] };
  }
  const victim = oldestOfBusiestPeer(challenges, added.challenge.peer);
  return { ...state, challenges: [...challenges.filter((one) => one !== victim), added] };
}

/** Without the challenge; undefined when it does not live. */
export function withoutChallenge(state: IdentityState, id: string): IdentityState | undefined {
  const challenges = state.challenges.filter(({ challenge }) => challenge.id !== id);
  return challenges.length === state.challenges.length ? undefined : { ...state, challenges };
}

/** With one more failure against each challenge, and without those that had enough. */
export function withFailedChallenges(state: IdentityState): IdentityState {
  const challenges = state.challenges
    .map((one) => ({ ...one, failures: one.failures + 1 }))
    .filter(({ failures }) => failures < FAILURES_PER_CHALLENGE_MAX);
  return { ...state, challenges };
}

function partsOf({ challenge, endsMs, failures }: KeptChallenge): Uint8Array[] {
  const { u, ut, y, id, peer } = challenge;
  const head = Buffer.allocUnsafe(HEAD_BYTES);
  head.writeUIntBE(endsMs, 0, END_BYTES);
  head.set([failures, ut.length, id.length, peer.length], END_BYTES);
  return [head, u, ut, y, Buffer.from(id, 'latin1'), Buffer.from(peer, 'latin1')];
}

function oldestOfBusiestPeer(
  oldestFirst: readonly KeptChallenge[],
  newcomer: string,
): KeptChallenge | undefined {
  const counts = new Map<string, number>([[newcomer, 1]]);
  for (const { challenge } of oldestFirst) {
    counts.set(challenge.peer, (counts.get(challenge.peer) ?? 0) + 1);
  }
  const most = Math.max(
    ...oldestFirst.map(({ challenge }) => counts.get(challenge.peer) as number),
  );
  return oldestFirst.find(({ challenge }) => counts.get(challenge.peer) === most);
}
