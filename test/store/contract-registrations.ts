/** The contract of registrations under way. */
import { type Case, LIFE_MS, LONG_LIFE_MS, newMpinId, newRegistration } from './subject.js';

export const registrationCases: Record<string, Case> = {
  'texts of all languages come back as they were': async (t, { store, now }) => {
    const mpinId = newMpinId();
    const registration = {
      ...newRegistration(mpinId, now() + LONG_LIFE_MS),
      userId: 'jörg@例え.jp',
      deviceName: '📱 \r\n$5\r\n \u0000 "ÿ',
    };
    await store.putRegistration(registration);
    t.match(await store.registration(mpinId), registration);
  },
  'a registration is found as it was put, until its end and not after': async (t, subject) => {
    const { store } = subject;
    const registration = newRegistration(newMpinId(), subject.now() + LIFE_MS);
    t.equal(await store.registration(registration.mpinId), undefined);
    await store.putRegistration(registration);
    t.strictSame(await store.registration(registration.mpinId), registration);
    await subject.pass(LIFE_MS);
    t.equal(await store.registration(registration.mpinId), undefined);
    t.equal(await store.activate(registration.mpinId), false, 'nor can it be activated');
    t.equal(await store.markIssued(registration.mpinId), false, 'nor marked');
  },
  'the end of a replaced registration does not end its successor': async (t, subject) => {
    const { store } = subject;
    const first = newRegistration(newMpinId(), subject.now() + LIFE_MS);
    await store.putRegistration(first);
    const second = { ...first, expiresAtMs: subject.now() + LONG_LIFE_MS };
    await store.putRegistration(second);
    await subject.pass(2 * LIFE_MS);
    await store.putRegistration(newRegistration(newMpinId(), subject.now() + LIFE_MS));
    t.strictSame(await store.registration(first.mpinId), second);
  },
  'activation and issue mark only what they name, and leave the end alone': async (t, subject) => {
    const { store } = subject;
    const registration = newRegistration(newMpinId(), subject.now() + LIFE_MS);
    const other = newRegistration(newMpinId(), subject.now() + LONG_LIFE_MS);
    await store.putRegistration(registration);
    await store.putRegistration(other);
    t.equal(await store.activate(registration.mpinId), true);
    t.equal(await store.markIssued(registration.mpinId), true);
    t.strictSame(await store.registration(registration.mpinId), {
      ...registration,
      active: true,
      activations: 1,
      issued: true,
    });
    t.strictSame(await store.registration(other.mpinId), other);
    await subject.pass(LIFE_MS);
    t.equal(await store.registration(registration.mpinId), undefined);
    t.equal(await store.activate(newMpinId()), false, 'unknown ones cannot be activated');
  },
  'a restart resets an activation it has seen, and keeps one it has not': async (t, subject) => {
    const { store } = subject;
    const first = newRegistration(newMpinId(), subject.now() + LONG_LIFE_MS);
    await store.putRegistration(first);
    await store.activate(first.mpinId);
    await store.putRegistration({ ...first, activations: 1 });
    t.equal((await store.registration(first.mpinId))?.active, false, 'seen');
    await store.activate(first.mpinId);
    await store.putRegistration({ ...first, activations: 1 });
    const after = await store.registration(first.mpinId);
    t.equal(after?.active, true, 'not seen');
    t.equal(after?.activations, 2);
  },
  'setupDone ends only a registration whose shares were issued': async (t, subject) => {
    const { store } = subject;
    const registration = newRegistration(newMpinId(), subject.now() + LONG_LIFE_MS);
    await store.putRegistration(registration);
    await store.dropRegistration(registration.mpinId, true);
    t.strictSame(await store.registration(registration.mpinId), registration);
    await store.markIssued(registration.mpinId);
    await store.dropRegistration(registration.mpinId, true);
    t.equal(await store.registration(registration.mpinId), undefined);
    await store.putRegistration(registration);
    await store.dropRegistration(registration.mpinId, false);
    t.equal(await store.registration(registration.mpinId), undefined);
    await store.dropRegistration(registration.mpinId, false);
  },
};
