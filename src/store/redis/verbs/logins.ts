import { type Attempt, type LoginStatus, type Store, statusOf } from '../../store.js';
import type { Argument } from '../command.js';
import type { Connection } from '../connection.js';
import {
  areTogether,
  authOTTOf,
  type Keys,
  placeOfIdentity,
  placeOfToken,
  tagOfPlace,
} from '../keys.js';
import {
  decodeChallenges,
  decodeResult,
  encodeChallenge,
  encodeResult,
  withStatus,
} from '../record.js';
import type { KeyNames } from '../script.js';
import { CHALLENGES, PUT_CHALLENGE } from '../scripts/challenges.js';
import { TAKE_RESULT } from '../scripts/results.js';
import { SETTLE } from '../scripts/settle.js';
import { flag } from './flag.js';

/** What SETTLE answers beside statuses: a challenge that is gone, a failure that locks. */
const GONE = 0;
const LOCKS = 1;

type LoginVerbs = Pick<
  Store,
  'putChallenge' | 'challenges' | 'authOTTFor' | 'settle' | 'takeResult'
>;

export function loginVerbs(redis: Connection, keys: Keys): LoginVerbs {
  return {
    async putChallenge(mpinId, challenge, lifeMs) {
      const key = keys.of('challenges', placeOfIdentity(mpinId));
      await redis.run(PUT_CHALLENGE, [key], [encodeChallenge(challenge), lifeMs]);
    },

    async challenges(mpinId) {
      const key = keys.of('challenges', placeOfIdentity(mpinId));
      const bytes = await redis.run(CHALLENGES, [key], []);
      return bytes === null ? [] : decodeChallenges(bytes as Buffer);
    },

    authOTTFor: authOTTOf,

    async settle(attempt) {
      const place = placeOfIdentity(attempt.mpinId);
      const counted: KeyNames = [
        keys.of('challenges', place),
        keys.of('failures', place),
        keys.of('otherFailures', place),
        keys.of('window', place),
      ];
      const result = resultKey(keys, attempt);
      const together =
        result !== undefined && (!redis.isCluster || areTogether(place, result.place));
      const names: KeyNames = together ? [...counted, result.key] : counted;
      const answer = await redis.run(SETTLE, names, settleArguments(attempt));
      if (answer === GONE) return 'gone';
      const settled = answer === LOCKS ? 'locks' : (answer as LoginStatus);
      // A token that another service made: it says where its result lies, and the identity is
      // elsewhere. Nobody has been told of it yet, so nothing is won by a failure in between.
      if (result !== undefined && !together) {
        const bytes = withStatus(statusOf(settled), resultOf(attempt));
        await redis.call('set', result.key, bytes, 'px', attempt.resultLifeMs);
      }
      return settled;
    },

    async takeResult(authOTT) {
      const place = placeOfToken(authOTT);
      if (place === undefined) return undefined;
      const tag = tagOfPlace(place);
      const names: KeyNames = [keys.of('result', place), keys.of('revocations', tag)];
      const bytes = await redis.run(TAKE_RESULT, names, []);
      if (bytes === null) return undefined;
      const { result, about } = decodeResult(bytes as Buffer);
      // A token that another service made: the identity is elsewhere.
      if (result.status !== 200 || tagOfPlace(about) === tag) return result;
      const revocations = keys.of('revocations', tagOfPlace(about));
      const revoked = (await redis.call('sismember', revocations, about)) === 1;
      return revoked ? { ...result, revoked } : result;
    },
  };
}

function settleArguments(attempt: Attempt): Argument[] {
  const { proof, authOTT, resultLifeMs, failuresMax, otherFailures } = attempt;
  return [
    flag(proof.proven),
    proof.proven ? (proof.challengeId ?? '') : '',
    failuresMax ?? '',
    authOTT === undefined ? '' : resultOf(attempt),
    resultLifeMs,
    ...(otherFailures === undefined
      ? []
      : [
          flag(!proof.proven && proof.pinError),
          otherFailures.perWindow,
          otherFailures.windowMs,
          otherFailures.inAll,
        ]),
  ];
}

/** The result of an attempt but for its status. */
function resultOf({ mpinId, otp, meetingId }: Attempt): Buffer {
  return encodeResult(mpinId, otp, meetingId ?? placeOfIdentity(mpinId));
}

/** @throws RangeError for what cannot be a token */
function resultKey(keys: Keys, { authOTT, meetingId }: Attempt) {
  if (authOTT === undefined) return undefined;
  const place = placeOfToken(authOTT);
  if (place === undefined) throw new RangeError('an authOTT has 1 to 128 characters');
  return { place, key: keys.of(meetingId === undefined ? 'result' : 'mobileResult', place) };
}
