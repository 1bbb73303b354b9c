/** The contract of failures that lock nothing, and of an administrator's unlock. */
import type { Attempt } from '../../src/store/store.js';
import {
  authOTTFor,
  type Case,
  LIFE_MS,
  LONG_LIFE_MS,
  newChallenge,
  newMpinId,
  PARALLEL,
  right,
  wrong,
} from './subject.js';

/** A window that ends within a test, and not while one of its steps is slow. */
const WINDOW_MS = 3 * LIFE_MS;
const BOUNDS = { perWindow: 3, windowMs: LONG_LIFE_MS, inAll: 5 };

/** A failure that no holder of the token need have made. */
const garbled = (mpinId: string, more: Partial<Attempt> = {}): Attempt =>
  wrong(mpinId, { otherFailures: BOUNDS, ...more });

const wrongPin = (mpinId: string, more: Partial<Attempt> = {}): Attempt =>
  garbled(mpinId, { proof: { proven: false, pinError: true }, ...more });

const proven = (mpinId: string, challengeId?: string): Attempt =>
  right(mpinId, challengeId, { otherFailures: BOUNDS });

export const failureCases: Record<string, Case> = {
  'with bounds on other failures, only those with a PIN error lock': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    for (let tries = 0; tries < 2; tries += 1) {
      t.equal(await store.settle(garbled(mpinId)), 401);
      t.equal(await store.settle(wrongPin(mpinId)), 401);
    }
    t.strictSame(await store.failures(mpinId), { failures: 2, others: 2 });
    t.equal(await store.settle(proven(mpinId)), 200, 'a right PIN forgets all of them');
    t.strictSame(await store.failures(mpinId), { failures: 0, others: 0 });
    const statuses = [];
    for (let tries = 0; tries < 3; tries += 1) statuses.push(await store.settle(wrongPin(mpinId)));
    t.strictSame(statuses, [401, 401, 'locks']);
    t.equal(await store.settle(proven(mpinId)), 410);
    t.equal(await store.settle(garbled(mpinId)), 410);
  },
  'at the bound of a window nothing counts and nothing is told, until it is over': async (
    t,
    subject,
  ) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const otherFailures = { perWindow: 3, windowMs: WINDOW_MS, inAll: 100 };
    const settled = await Promise.all(
      Array.from({ length: PARALLEL }, () => store.settle(garbled(mpinId, { otherFailures }))),
    );
    t.ok(settled.every((status) => status === 401));
    t.strictSame(await store.failures(mpinId), { failures: 0, others: 3 });
    const challenge = newChallenge('a');
    await store.putChallenge(mpinId, challenge, LONG_LIFE_MS);
    const authOTT = authOTTFor(store, mpinId);
    t.equal(await store.settle(right(mpinId, challenge.id, { otherFailures, authOTT })), 401);
    t.strictSame(await store.takeResult(authOTT), { status: 401, mpinId });
    t.strictSame(await store.challenges(mpinId), [], 'its challenge is consumed all the same');
    t.equal(await store.settle(wrongPin(mpinId, { otherFailures, failuresMax: 1 })), 401);
    t.strictSame(await store.failures(mpinId), { failures: 0, others: 3 }, 'nothing was counted');
    t.equal(await store.settle(right(mpinId, undefined, { failuresMax: 1 })), 200, 'unbounded');
    await subject.pass(WINDOW_MS);
    t.equal(await store.settle(right(mpinId, undefined, { otherFailures })), 200);
  },
  'a right PIN does not end a window, and no window ends the bound in all': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    await store.settle(garbled(mpinId));
    await store.settle(garbled(mpinId));
    t.equal(await store.settle(proven(mpinId)), 200);
    await store.settle(garbled(mpinId));
    t.equal(await store.settle(proven(mpinId)), 401, 'the third of the window');
    const otherFailures = { perWindow: 3, windowMs: WINDOW_MS, inAll: 2 };
    const worn = newMpinId();
    await store.settle(garbled(worn, { otherFailures }));
    await store.settle(garbled(worn, { otherFailures }));
    await subject.pass(WINDOW_MS);
    t.equal(await store.settle(right(worn, undefined, { otherFailures })), 401);
    t.strictSame(await store.failures(worn), { failures: 0, others: 2 });
  },
  'an unlock forgets everything that was counted': async (t, subject) => {
    const { store } = subject;
    const [locked, worn, other] = [newMpinId(), newMpinId(), newMpinId()];
    t.equal(await store.unlock(locked), false, 'there was nothing');
    for (let tries = 0; tries < 3; tries += 1) await store.settle(wrong(locked));
    for (let tries = 0; tries < 3; tries += 1) await store.settle(garbled(worn));
    await store.settle(wrong(other));
    t.equal(await store.settle(proven(worn)), 401);
    t.equal(await store.unlock(locked), true);
    t.equal(await store.unlock(worn), true);
    t.equal(await store.settle(right(locked)), 200);
    t.equal(await store.settle(proven(worn)), 200);
    t.strictSame(await store.failures(other), { failures: 1, others: 0 }, 'of nobody else');
  },
  'where another service counts, failures are none here and end challenges all the same': async (
    t,
    subject,
  ) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const challenge = newChallenge('a');
    await store.putChallenge(mpinId, challenge, LONG_LIFE_MS);
    const failuresMax = undefined;
    for (let tries = 0; tries < 3; tries += 1) {
      t.equal(await store.settle(wrong(mpinId, { failuresMax })), 401);
    }
    t.strictSame(await store.failures(mpinId), { failures: 0, others: 0 });
    t.strictSame(await store.challenges(mpinId), []);
    const next = newChallenge('a');
    await store.putChallenge(mpinId, next, LONG_LIFE_MS);
    t.equal(await store.settle(right(mpinId, next.id, { failuresMax })), 200);
    t.equal(await store.settle(right(mpinId, next.id, { failuresMax })), 'gone');
  },
};
