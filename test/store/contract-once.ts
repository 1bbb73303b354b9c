/** The contract of what may happen once, or so many times. */
import { OTP_TRIES_MAX, OTPS_PER_USER_MAX } from '../../src/store/once.js';
import { type Case, hex, LIFE_MS, LONG_LIFE_MS, newMpinId, PARALLEL } from './subject.js';

export const onceCases: Record<string, Case> = {
  'a one-time password is used once, by its own person, within its life': async (t, subject) => {
    const { store } = subject;
    const [user, other, mpinId] = [hex(32), hex(32), newMpinId()];
    await store.putOtp(user, { otp: '012345', mpinId }, LONG_LIFE_MS);
    t.equal(await store.takeOtp(other, '012345'), undefined);
    t.equal(await store.takeOtp(user, '12345'), undefined, 'zeros count');
    const taken = await Promise.all(
      Array.from({ length: PARALLEL }, () => store.takeOtp(user, '012345')),
    );
    t.strictSame(
      taken.filter((one) => one !== undefined),
      [mpinId],
    );
    await store.putOtp(user, { otp: '111111', mpinId }, LIFE_MS);
    await subject.pass(LIFE_MS);
    t.equal(await store.takeOtp(user, '111111'), undefined);
  },
  'wrong tries end a one-time password, and a later one has tries of its own': async (
    t,
    subject,
  ) => {
    const { store } = subject;
    const [user, mpinId] = [hex(32), newMpinId()];
    await store.putOtp(user, { otp: '111111', mpinId }, LONG_LIFE_MS);
    for (let tries = 1; tries < OTP_TRIES_MAX; tries += 1) await store.takeOtp(user, '000000');
    await store.putOtp(user, { otp: '222222', mpinId }, LONG_LIFE_MS);
    await store.takeOtp(user, '000000');
    t.equal(await store.takeOtp(user, '111111'), undefined, 'ended with the last try');
    t.equal(await store.takeOtp(user, '222222'), mpinId);
    await store.putOtp(user, { otp: '333333', mpinId }, LONG_LIFE_MS);
    const tries = Array.from({ length: PARALLEL }, () => store.takeOtp(user, '000000'));
    await Promise.all(tries);
    t.equal(await store.takeOtp(user, '333333'), undefined);
  },
  'a person has a few one-time passwords at once, and the oldest makes room': async (
    t,
    subject,
  ) => {
    const { store } = subject;
    const user = hex(32);
    const all = Array.from({ length: OTPS_PER_USER_MAX + 1 }, (_, index) => ({
      otp: `00000${index}`,
      mpinId: newMpinId(),
    }));
    for (const password of all) await store.putOtp(user, password, LONG_LIFE_MS);
    const [oldest, ...others] = all;
    for (const { otp, mpinId } of others) t.equal(await store.takeOtp(user, otp), mpinId);
    t.equal(await store.takeOtp(user, oldest?.otp ?? ''), undefined);
  },
  'a nonce is taken once within its life, whatever else has its name': async (t, subject) => {
    const { store } = subject;
    const nonce = hex(32);
    const takes = Array.from({ length: PARALLEL }, () =>
      store.takeNonce('one-pass', nonce, LIFE_MS),
    );
    t.equal((await Promise.all(takes)).filter(Boolean).length, 1);
    t.equal(await store.takeNonce('token', nonce, LIFE_MS), true, 'kinds are worlds apart');
    t.equal(await store.takeNonce('one-pass', hex(32), LIFE_MS), true);
    await subject.pass(LIFE_MS);
    t.equal(await store.takeNonce('one-pass', nonce, LIFE_MS), true);
  },
  'events are counted exactly, by key, from the first of a window': async (t, subject) => {
    const { store } = subject;
    const [key, other] = [hex(8), hex(8)];
    const counts = await Promise.all(
      Array.from({ length: PARALLEL }, () => store.countEvent('mobile-login', key, LIFE_MS)),
    );
    t.strictSame(
      [...counts].sort((a, b) => a - b),
      Array.from({ length: PARALLEL }, (_, index) => index + 1),
    );
    t.equal(await store.countEvent('mobile-login', other, LONG_LIFE_MS), 1);
    await subject.pass(LIFE_MS);
    t.equal(await store.countEvent('mobile-login', key, LIFE_MS), 1);
    t.equal(await store.countEvent('mobile-login', other, LONG_LIFE_MS), 2);
  },
  'a revocation holds until it is taken back': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    t.equal(await store.revoked(mpinId), false);
    t.equal(await store.setRevoked(mpinId, false), false);
    t.equal(await store.setRevoked(mpinId, true), true);
    t.equal(await store.setRevoked(mpinId, true), false, 'it was so already');
    t.equal(await store.revoked(mpinId), true);
    t.equal(await store.revoked(newMpinId()), false);
    t.equal(await store.setRevoked(mpinId, false), true);
    t.equal(await store.revoked(mpinId), false);
  },
};
