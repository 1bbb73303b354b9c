/**
 * What every backend of the store must do. A backend's test file calls {@link storeContract} with
 * a factory; nothing here knows how time passes there or where the state lies.
 */
import type { Test } from 'tap';
import {
  CHALLENGES_PER_IDENTITY_MAX,
  type Challenge,
  type Settlement,
} from '../../src/store/store.js';
import { failureCases } from './contract-failures.js';
import { meetingCases } from './contract-meetings.js';
import { onceCases } from './contract-once.js';
import { registrationCases } from './contract-registrations.js';
import {
  authOTTFor,
  type Case,
  DAY_MS,
  hex,
  LIFE_MS,
  LONG_LIFE_MS,
  newChallenge,
  newMpinId,
  newRegistration,
  PARALLEL,
  right,
  type StoreFactory,
  wrong,
} from './subject.js';

export * from './subject.js';

const bytesOf = ({ u, ut, y }: Challenge): string =>
  `${Buffer.concat([u, ut, y]).toString('hex')}/${ut.length}`;

const countOf = (settled: readonly Settlement[], status: Settlement): number =>
  settled.filter((one) => one === status).length;

const challengeCases: Record<string, Case> = {
  'challenges come newest first, byte for byte, and reading consumes none': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    t.strictSame(await store.challenges(mpinId), []);
    const put = [newChallenge('a'), { ...newChallenge('b'), ut: new Uint8Array(0) }];
    for (const challenge of put) await store.putChallenge(mpinId, challenge, LONG_LIFE_MS);
    await store.putChallenge(newMpinId(), newChallenge('a'), LONG_LIFE_MS);
    for (const reading of ['first', 'second']) {
      const found = await store.challenges(mpinId);
      t.strictSame(found.map(bytesOf), [...put].reverse().map(bytesOf), `${reading} reading`);
      t.strictSame(
        found.map(({ id, peer }) => ({ id, peer })),
        [...put].reverse().map(({ id, peer }) => ({ id, peer })),
      );
    }
  },
  'a challenge ends with its life, a later one of the same identity lives on': async (
    t,
    subject,
  ) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const [early, late] = [newChallenge('a'), newChallenge('a')];
    await store.putChallenge(mpinId, early, LIFE_MS);
    await store.putChallenge(mpinId, late, LONG_LIFE_MS);
    await subject.pass(LIFE_MS);
    t.strictSame(
      (await store.challenges(mpinId)).map(({ id }) => id),
      [late.id],
    );
    t.equal(await store.settle(right(mpinId, early.id)), 'gone', 'an ended one proves nothing');
    t.equal(await store.settle(right(mpinId, late.id)), 200);
  },
  'a flood from one address never washes out the challenge of another': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const victim = newChallenge('victim');
    await store.putChallenge(mpinId, victim, LONG_LIFE_MS);
    const flood = Array.from({ length: 5 * CHALLENGES_PER_IDENTITY_MAX }, () => newChallenge('f'));
    for (const challenge of flood) await store.putChallenge(mpinId, challenge, LONG_LIFE_MS);
    const left = await store.challenges(mpinId);
    t.equal(left.length, CHALLENGES_PER_IDENTITY_MAX);
    t.ok(left.some(({ id }) => id === victim.id));
    t.equal(left[0]?.id, flood.at(-1)?.id, 'the newest of the flood is there');
    t.notOk(
      left.some(({ id }) => id === flood[0]?.id),
      'its oldest made room',
    );
  },
  'the newcomer counts towards its own address when room is made': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const half = CHALLENGES_PER_IDENTITY_MAX / 2;
    const victims = Array.from({ length: half }, () => newChallenge('victim'));
    const flood = Array.from({ length: half + 1 }, () => newChallenge('flood'));
    for (const challenge of [...victims, ...flood]) {
      await store.putChallenge(mpinId, challenge, LONG_LIFE_MS);
    }
    const left = await store.challenges(mpinId);
    t.equal(left.filter(({ peer }) => peer === 'victim').length, half);
    t.notOk(left.some(({ id }) => id === flood[0]?.id));
  },
  'among equals the oldest of all makes room': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const all = Array.from({ length: CHALLENGES_PER_IDENTITY_MAX + 1 }, (_, index) =>
      newChallenge(`peer ${index}`),
    );
    for (const challenge of all) await store.putChallenge(mpinId, challenge, LONG_LIFE_MS);
    const left = await store.challenges(mpinId);
    t.strictSame(
      left.map(({ id }) => id),
      all
        .slice(1)
        .reverse()
        .map(({ id }) => id),
    );
  },
};

const settleCases: Record<string, Case> = {
  'a challenge is consumed once, however many settle it at once': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const [one, other] = [newChallenge('a'), newChallenge('a')];
    await store.putChallenge(mpinId, one, LONG_LIFE_MS);
    await store.putChallenge(mpinId, other, LONG_LIFE_MS);
    const settled = await Promise.all(
      Array.from({ length: PARALLEL }, () => store.settle(right(mpinId, one.id))),
    );
    t.equal(countOf(settled, 200), 1);
    t.equal(countOf(settled, 'gone'), PARALLEL - 1);
    t.strictSame(
      (await store.challenges(mpinId)).map(({ id }) => id),
      [other.id],
      'and no other challenge is touched',
    );
  },
  'the challenge of one identity does not settle for another': async (t, subject) => {
    const { store } = subject;
    const [mpinId, thief] = [newMpinId(), newMpinId()];
    const challenge = newChallenge('a');
    await store.putChallenge(mpinId, challenge, LONG_LIFE_MS);
    t.equal(await store.settle(right(thief, challenge.id)), 'gone');
    t.equal((await store.challenges(mpinId)).length, 1);
  },
  'parallel failures are counted exactly': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const failuresMax = PARALLEL + 1;
    const settled = await Promise.all(
      Array.from({ length: PARALLEL }, () => store.settle(wrong(mpinId, { failuresMax }))),
    );
    t.equal(countOf(settled, 401), PARALLEL);
    t.equal(await store.settle(wrong(mpinId, { failuresMax })), 'locks', 'the last one locks');
  },
  'parallel guesses get no more tries than the limit': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const settled = await Promise.all(
      Array.from({ length: PARALLEL }, () => store.settle(wrong(mpinId))),
    );
    t.equal(countOf(settled, 401), 2);
    t.equal(countOf(settled, 'locks'), 1, 'one of them knows that it locked');
    t.equal(countOf(settled, 410), PARALLEL - 3);
  },
  'a locked identity stays locked, for right PINs too, and no other one is': async (t, subject) => {
    const { store } = subject;
    const [mpinId, other] = [newMpinId(), newMpinId()];
    const statuses = [];
    for (let tries = 0; tries < 5; tries += 1) statuses.push(await store.settle(wrong(mpinId)));
    t.strictSame(statuses, [401, 401, 'locks', 410, 410]);
    await subject.pass(2 * LIFE_MS);
    const challenge = newChallenge('a');
    await store.putChallenge(mpinId, challenge, LONG_LIFE_MS);
    t.equal(await store.settle(right(mpinId, challenge.id)), 410);
    t.strictSame(await store.challenges(mpinId), [], 'its challenge is consumed all the same');
    t.equal(await store.settle(right(mpinId)), 410, 'and on a connection');
    t.equal(await store.settle(right(other)), 200);
  },
  'a right PIN forgets the failures, a used challenge does not': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    await store.settle(wrong(mpinId));
    await store.settle(wrong(mpinId));
    t.equal(await store.settle(right(mpinId, 'no such challenge')), 'gone');
    t.equal(await store.settle(wrong(mpinId)), 'locks', 'gone cleared nothing and counted nothing');
    const lucky = newMpinId();
    await store.settle(wrong(lucky));
    await store.settle(wrong(lucky));
    t.equal(await store.settle(right(lucky)), 200);
    t.equal(await store.settle(wrong(lucky)), 401);
    t.equal(await store.settle(wrong(lucky)), 401);
    t.equal(await store.settle(wrong(lucky)), 'locks');
  },
  'a wrong PIN consumes no challenge': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const challenge = newChallenge('a');
    await store.putChallenge(mpinId, challenge, LONG_LIFE_MS);
    await store.settle(wrong(mpinId));
    t.equal(await store.settle(right(mpinId, challenge.id)), 200);
  },
  'a challenge ends with its third failure, a younger one lives on': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const [old, young] = [newChallenge('a'), newChallenge('a')];
    await store.putChallenge(mpinId, old, LONG_LIFE_MS);
    const failuresMax = 10;
    await store.settle(wrong(mpinId, { failuresMax }));
    await store.settle(wrong(mpinId, { failuresMax }));
    t.equal((await store.challenges(mpinId)).length, 1);
    await store.putChallenge(mpinId, young, LONG_LIFE_MS);
    await store.settle(wrong(newMpinId(), { failuresMax }));
    await store.settle(wrong(mpinId, { failuresMax }));
    t.strictSame(
      (await store.challenges(mpinId)).map(({ id }) => id),
      [young.id],
    );
    t.equal(await store.settle(right(mpinId, old.id, { failuresMax })), 'gone');
    t.equal(await store.settle(right(mpinId, young.id, { failuresMax })), 200);
  },
};

const resultCases: Record<string, Case> = {
  'an authOTT keeps its length and nearly all of its randomness': async (t, { store }) => {
    const [mpinId, other] = [newMpinId(), newMpinId()];
    const made = new Set<string>();
    for (const id of [mpinId, other]) {
      for (let count = 0; count < 100; count += 1) made.add(authOTTFor(store, id).slice(4));
    }
    t.equal(made.size, 200);
    t.ok([...made].every((rest) => /^[\da-f]{28}$/.test(rest)));
  },
  'a result is taken once, as it was frozen': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const [good, bad] = [authOTTFor(store, mpinId), authOTTFor(store, mpinId)];
    await store.settle(right(mpinId, undefined, { authOTT: good, otp: '012345' }));
    await store.settle(wrong(mpinId, { authOTT: bad, failuresMax: 1 }));
    const taken = await Promise.all([good, good, good].map((ott) => store.takeResult(ott)));
    t.strictSame(
      taken.filter((one) => one !== undefined),
      [{ status: 200, mpinId, otp: '012345' }],
      'what happened later does not change it',
    );
    t.strictSame(await store.takeResult(bad), { status: 410, mpinId });
    t.equal(await store.takeResult(bad), undefined);
  },
  'a taken result tells whether its identity is revoked by then': async (t, { store }) => {
    const [mpinId, other] = [newMpinId(), newMpinId()];
    // With tokens of other services, too, which say nothing of the identity.
    const tokens = [authOTTFor(store, mpinId), ...Array.from({ length: 8 }, () => hex(16))];
    const freeze = async () => {
      for (const authOTT of tokens) await store.settle(right(mpinId, undefined, { authOTT }));
    };
    await freeze();
    await store.setRevoked(mpinId, true);
    const bystander = authOTTFor(store, other);
    await store.settle(right(other, undefined, { authOTT: bystander, otp: '012345' }));
    for (const authOTT of tokens) {
      t.strictSame(await store.takeResult(authOTT), { status: 200, mpinId, revoked: true });
    }
    const known = { status: 200, mpinId: other, otp: '012345' };
    t.strictSame(await store.takeResult(bystander), known);
    const failed = authOTTFor(store, mpinId);
    await store.settle(wrong(mpinId, { authOTT: failed }));
    t.strictSame(await store.takeResult(failed), { status: 401, mpinId }, 'not of a wrong PIN');
    await freeze();
    await store.setRevoked(mpinId, false);
    for (const authOTT of tokens) {
      t.strictSame(await store.takeResult(authOTT), { status: 200, mpinId });
    }
  },
  'the token of another service keeps a result as well': async (t, { store }) => {
    for (const meetingId of [undefined, hex(32)]) {
      const tokens = Array.from({ length: 8 }, () => hex(16));
      const mpinId = newMpinId();
      for (const authOTT of tokens) {
        t.equal(await store.settle(right(mpinId, undefined, { authOTT, meetingId })), 200);
      }
      t.equal(await store.settle(right(mpinId, 'no such challenge', { authOTT: 'x' })), 'gone');
      t.equal(await store.takeResult('x'), undefined);
      const take = (authOTT: string) =>
        meetingId === undefined ? store.takeResult(authOTT) : store.takeMobileResult(authOTT);
      for (const authOTT of tokens) t.match(await take(authOTT), { status: 200, mpinId });
      for (const authOTT of tokens) t.equal(await take(authOTT), undefined);
    }
  },
  'a result ends with its life': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const authOTT = authOTTFor(store, mpinId);
    await store.settle(right(mpinId, undefined, { authOTT, resultLifeMs: LIFE_MS }));
    await subject.pass(LIFE_MS);
    t.equal(await store.takeResult(authOTT), undefined);
  },
  'an attempt without a token, or whose challenge is gone, leaves no result': async (
    t,
    subject,
  ) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const authOTT = authOTTFor(store, mpinId);
    t.equal(await store.settle(right(mpinId, 'no such challenge', { authOTT })), 'gone');
    t.equal(await store.takeResult(authOTT), undefined);
    t.equal(await store.settle(wrong(mpinId)), 401);
    t.equal(await store.takeResult(''), undefined);
    t.equal(await store.takeResult('undefined'), undefined);
  },
  'no other key of the store works as authOTT': async (t, subject) => {
    const { store } = subject;
    const registration = newRegistration(newMpinId(), subject.now() + LONG_LIFE_MS);
    await store.putRegistration(registration);
    const challenge = newChallenge('a');
    await store.putChallenge(registration.mpinId, challenge, LONG_LIFE_MS);
    await store.settle(wrong(registration.mpinId));
    for (const key of [registration.mpinId, registration.regOTT, challenge.id, '__proto__', '*']) {
      t.equal(await store.takeResult(key), undefined);
    }
  },
};

const permitCases: Record<string, Case> = {
  'permits are kept by identity and day, and later ones join earlier ones': async (t, subject) => {
    const { store } = subject;
    const hash = hex(32);
    const today = Math.floor(subject.now() / DAY_MS);
    const [first, second, third] = [hex(65), hex(65), hex(65)];
    await store.cachePermits(
      hash,
      new Map([
        [today, first],
        [today + 1, second],
      ]),
    );
    await store.cachePermits(hash, new Map([[today + 2, third]]));
    t.equal(await store.cachedPermit(hash, today), first);
    t.equal(await store.cachedPermit(hash, today + 1), second);
    t.equal(await store.cachedPermit(hash, today + 2), third);
    t.equal(await store.cachedPermit(hash, today + 3), undefined);
    t.equal(await store.cachedPermit(hex(32), today), undefined);
  },
  'a permit of a day that is over is not given out': async (t, subject) => {
    const { store } = subject;
    const hash = hex(32);
    const today = Math.floor(subject.now() / DAY_MS);
    await store.cachePermits(hash, new Map([[today - 1, hex(65)]]));
    t.equal(await store.cachedPermit(hash, today - 1), undefined);
  },
};

/** Runs the whole contract against fresh stores of the factory. */
export function storeContract(t: Test, backend: string, create: StoreFactory): void {
  const cases = {
    ...registrationCases,
    ...challengeCases,
    ...settleCases,
    ...resultCases,
    ...permitCases,
    ...meetingCases,
    ...onceCases,
    ...failureCases,
  };
  for (const [name, run] of Object.entries(cases)) {
    // Buffered: they may run at once, where the caller's `jobs` says so.
    t.test(`${backend}: ${name}`, { buffered: true }, async (t) => {
      const subject = await create();
      t.teardown(() => subject.store.close());
      await run(t, subject);
    });
  }
}
