import type { AdminStore, OnceStore } from '../../once.js';
import type { Connection } from '../connection.js';
import { type Keys, placeOfHash, placeOfIdentity, placeOfText, tagOfPlace } from '../keys.js';
import type { KeyNames } from '../script.js';
import { COUNT_EVENT, PUT_OTP, TAKE_OTP } from '../scripts/once.js';
import { UNLOCK } from '../scripts/settle.js';

export function onceVerbs(redis: Connection, keys: Keys): OnceStore {
  const otpKey = (user: string) => keys.of('otps', placeOfHash(user));
  return {
    async putOtp(user, { otp, mpinId }, lifeMs) {
      await redis.run(PUT_OTP, [otpKey(user)], [otp, mpinId, lifeMs]);
    },

    async takeOtp(user, otp) {
      const mpinId = await redis.run(TAKE_OTP, [otpKey(user)], [otp]);
      return mpinId === null ? undefined : (mpinId as Buffer).toString();
    },

    async takeNonce(kind, nonce, lifeMs) {
      const key = keys.of('nonce', placeOfText(`${kind} ${nonce}`));
      return (await redis.call('set', key, '', 'px', lifeMs, 'nx')) !== null;
    },

    async countEvent(kind, key, windowMs) {
      const counter = keys.of('events', placeOfText(`${kind} ${key}`));
      return (await redis.run(COUNT_EVENT, [counter], [windowMs])) as number;
    },
  };
}

export function adminVerbs(redis: Connection, keys: Keys): AdminStore {
  const revocationsOf = (place: string) => keys.of('revocations', tagOfPlace(place));
  return {
    async failures(mpinId) {
      const place = placeOfIdentity(mpinId);
      const names: KeyNames = [keys.of('failures', place), keys.of('otherFailures', place)];
      const counts = (await redis.call('mget', ...names)) as (Buffer | null)[];
      const [failures = 0, others = 0] = counts.map((count) => Number(count ?? 0));
      return { failures, others };
    },

    async unlock(mpinId) {
      const place = placeOfIdentity(mpinId);
      const names: KeyNames = [
        keys.of('failures', place),
        keys.of('otherFailures', place),
        keys.of('window', place),
      ];
      return (await redis.run(UNLOCK, names, [])) === 1;
    },

    async setRevoked(mpinId, revoked) {
      const place = placeOfIdentity(mpinId);
      return (await redis.call(revoked ? 'sadd' : 'srem', revocationsOf(place), place)) === 1;
    },

    async revoked(mpinId) {
      const place = placeOfIdentity(mpinId);
      return (await redis.call('sismember', revocationsOf(place), place)) === 1;
    },
  };
}
