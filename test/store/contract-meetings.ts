/** The contract of meetings: logins by mobile. */
import type { LoginReport, MeetingLogin } from '../../src/store/meeting.js';
import {
  authOTTFor,
  type Case,
  hex,
  LIFE_MS,
  LONG_LIFE_MS,
  newMpinId,
  PARALLEL,
  right,
  type StoreUnderTest,
  wrong,
} from './subject.js';

const RESULT_LIFE_MS = LONG_LIFE_MS;
/** Longest wait for a hint: far more than any backend needs. */
const HINT_MS_MAX = 10_000;

const newLogin = (): MeetingLogin => ({ authOTT: hex(16), mpinId: newMpinId() });

function newReport(more: Partial<LoginReport> = {}): LoginReport {
  const logoutData = '{"sessionToken":"ü"}';
  return { final: false, status: 200, message: 'OK', logoutURL: '/out', logoutData, ...more };
}

async function newMeeting({ store }: StoreUnderTest, lifeMs = LONG_LIFE_MS): Promise<string> {
  const id = hex(32);
  await store.putMeeting({ id, prerollId: '' }, lifeMs);
  return id;
}

/** A meeting whose login was bound, and that login. */
async function boundMeeting(subject: StoreUnderTest) {
  const id = await newMeeting(subject);
  const login = newLogin();
  await subject.store.bindLogin(id, login, LONG_LIFE_MS);
  return { id, login };
}

const widCases: Record<string, Case> = {
  'a meeting is new until someone comes, and ends with its life': async (t, subject) => {
    const { store } = subject;
    const id = hex(32);
    t.equal(await store.meeting(id), undefined);
    await store.putMeeting({ id, prerollId: 'a "browser"' }, LIFE_MS);
    t.strictSame(await store.meeting(id), {
      id,
      prerollId: 'a "browser"',
      progress: 'new',
      userId: '',
      taken: false,
    });
    await subject.pass(LIFE_MS);
    t.equal(await store.meeting(id), undefined);
    t.equal(await store.noteProgress(id, 'wid', ''), false);
    t.equal(await store.bindLogin(id, newLogin(), LIFE_MS), false);
  },
  'a WID leads to one meeting at a time, however many claim it': async (t, subject) => {
    const { store } = subject;
    const wid = '1234567';
    t.equal(await store.meetingOfWid(wid), undefined);
    const ids = Array.from({ length: PARALLEL }, () => hex(32));
    const claimed = await Promise.all(ids.map((id) => store.claimWid(wid, id, LIFE_MS)));
    t.equal(claimed.filter(Boolean).length, 1);
    t.equal(await store.meetingOfWid(wid), ids[claimed.indexOf(true)]);
    t.equal(await store.meetingOfWid('7654321'), undefined);
    await subject.pass(LIFE_MS);
    t.equal(await store.meetingOfWid(wid), undefined);
    const next = hex(32);
    t.equal(await store.claimWid(wid, next, LONG_LIFE_MS), true);
    t.equal(await store.meetingOfWid(wid), next);
  },
  'progress is noted until there is a login, and not after': async (t, subject) => {
    const { store } = subject;
    const id = await newMeeting(subject);
    t.equal(await store.noteProgress(id, 'wid', ''), true);
    t.match(await store.meeting(id), { progress: 'wid', userId: '' });
    t.equal(await store.noteProgress(id, 'user', 'jürgen@例え.jp'), true);
    t.match(await store.meeting(id), { progress: 'user', userId: 'jürgen@例え.jp' });
    await store.bindLogin(id, newLogin(), LONG_LIFE_MS);
    t.equal(await store.noteProgress(id, 'abort', 'mallory'), false);
    t.match(await store.meeting(id), { progress: 'user', userId: 'jürgen@例え.jp' });
    t.equal(await store.noteProgress(hex(32), 'wid', ''), false, 'an unknown one has none');
  },
};

const mobileResultCases: Record<string, Case> = {
  'a result at a meeting is taken once by the mobile, and never as a plain one': async (
    t,
    subject,
  ) => {
    const { store } = subject;
    const [mpinId, meetingId] = [newMpinId(), hex(32)];
    const authOTT = authOTTFor(store, mpinId);
    const more = { authOTT, meetingId, otp: '000123' };
    t.equal(await store.settle(right(mpinId, undefined, more)), 200);
    t.equal(await store.takeResult(authOTT), undefined, 'the RPA cannot have it');
    t.equal(await store.meetingOfLogin(authOTT), undefined, 'before the mobile has come');
    const taken = await Promise.all([1, 2, 3].map(() => store.takeMobileResult(authOTT)));
    t.strictSame(
      taken.filter((one) => one !== undefined),
      [{ status: 200, mpinId, meetingId, otp: '000123' }],
    );
    t.equal(await store.meetingOfLogin(authOTT), meetingId);
    t.equal(await store.meetingOfLogin(authOTT), meetingId, 'reading takes nothing');
    t.equal(await store.takeResult(authOTT), undefined);
  },
  'a plain result is none of a mobile': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const authOTT = authOTTFor(store, mpinId);
    await store.settle(right(mpinId, undefined, { authOTT }));
    t.equal(await store.takeMobileResult(authOTT), undefined);
    t.equal(await store.meetingOfLogin(authOTT), undefined);
    t.strictSame(await store.takeResult(authOTT), { status: 200, mpinId });
  },
  'a wrong PIN at a meeting is counted and frozen, and a result ends with its life': async (
    t,
    subject,
  ) => {
    const { store } = subject;
    const [mpinId, meetingId] = [newMpinId(), hex(32)];
    const [first, second] = [authOTTFor(store, mpinId), authOTTFor(store, mpinId)];
    const more = { meetingId, resultLifeMs: LIFE_MS, failuresMax: 2 };
    await store.settle(wrong(mpinId, { ...more, authOTT: first }));
    await store.settle(wrong(mpinId, { ...more, authOTT: second, resultLifeMs: RESULT_LIFE_MS }));
    t.strictSame(await store.takeMobileResult(second), { status: 410, mpinId, meetingId });
    await subject.pass(LIFE_MS);
    t.equal(await store.takeMobileResult(first), undefined);
    t.equal(await store.meetingOfLogin(first), undefined);
  },
};

const loginCases: Record<string, Case> = {
  'a meeting gets one login, however many come at once': async (t, subject) => {
    const { store } = subject;
    const id = await newMeeting(subject);
    const logins = Array.from({ length: PARALLEL }, newLogin);
    const bound = await Promise.all(
      logins.map((login) => store.bindLogin(id, login, LONG_LIFE_MS)),
    );
    t.equal(bound.filter(Boolean).length, 1);
    const meeting = await store.meeting(id);
    t.strictSame(meeting?.login, logins[bound.indexOf(true)]);
    t.equal(meeting?.taken, false);
  },
  'a login keeps its meeting alive for as long as it says, and never shortens it': async (
    t,
    subject,
  ) => {
    const { store } = subject;
    const [short, long] = [await newMeeting(subject, LIFE_MS), await newMeeting(subject)];
    await store.bindLogin(short, newLogin(), LONG_LIFE_MS);
    await store.bindLogin(long, newLogin(), LIFE_MS);
    await subject.pass(LIFE_MS);
    t.ok((await store.meeting(short))?.login);
    t.ok((await store.meeting(long))?.login);
  },
  'a login is taken once, with its own authOTT alone': async (t, subject) => {
    const { store } = subject;
    const { id, login } = await boundMeeting(subject);
    const report = newReport();
    t.equal(await store.takeLogin(id, hex(16), report), undefined, 'a foreign authOTT');
    t.equal(await store.takeLogin(hex(32), login.authOTT, report), undefined, 'elsewhere');
    t.equal(await store.takeLogin(await newMeeting(subject), '', report), undefined, 'no login');
    t.equal((await store.meeting(id))?.report, undefined);
    const taken = await Promise.all(
      Array.from({ length: PARALLEL }, () => store.takeLogin(id, login.authOTT, report)),
    );
    t.strictSame(
      taken.filter((one) => one !== undefined),
      [login],
    );
    t.match(await store.meeting(id), { taken: true, report, login });
  },
  'a report is replaced until it is final': async (t, subject) => {
    const { store } = subject;
    const { id, login } = await boundMeeting(subject);
    const last = newReport({ final: true, status: 410, logoutData: '' });
    t.equal(await store.reportLogin(id, login.authOTT, last), false, 'not taken yet');
    await store.takeLogin(id, login.authOTT, newReport());
    t.equal(await store.reportLogin(id, hex(16), last), false, 'a foreign authOTT');
    t.equal(await store.reportLogin(id, login.authOTT, last), true);
    t.strictSame((await store.meeting(id))?.report, last);
    t.equal(await store.reportLogin(id, login.authOTT, newReport()), false, 'final is final');
    t.strictSame((await store.meeting(id))?.report, last);
    const other = await boundMeeting(subject);
    await store.takeLogin(other.id, other.login.authOTT, last);
    t.equal(await store.reportLogin(other.id, other.login.authOTT, newReport()), false);
  },
  'whoever watches a meeting hears of its changes': async (t, subject) => {
    const { store } = subject;
    const { id, login } = await boundMeeting(subject);
    let watcher = (): void => {};
    let calls = 0;
    const hint = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('nobody told of it')), HINT_MS_MAX);
      watcher = () => {
        calls += 1;
        clearTimeout(late);
        resolve();
      };
    });
    const stop = await store.watchMeeting(id, () => watcher());
    await store.takeLogin(id, login.authOTT, newReport());
    await hint;
    t.ok(calls > 0);
    stop();
    const before = calls;
    await store.reportLogin(id, login.authOTT, newReport({ final: true }));
    t.equal(calls, before, 'and hears nothing once it has stopped');
  },
  'a report on a login of a browser is awaited once, for its life': async (t, subject) => {
    const { store } = subject;
    const [authOTT, late] = [hex(16), hex(16)];
    t.equal(await store.takeReport(authOTT), false);
    await store.awaitReport(authOTT, LONG_LIFE_MS);
    await store.awaitReport(late, LIFE_MS);
    const taken = await Promise.all([1, 2, 3].map(() => store.takeReport(authOTT)));
    t.equal(taken.filter(Boolean).length, 1);
    await subject.pass(LIFE_MS);
    t.equal(await store.takeReport(late), false);
  },
  'WIDs, meetings and tokens are worlds apart': async (t, subject) => {
    const { store } = subject;
    const mpinId = newMpinId();
    const key = authOTTFor(store, mpinId);
    await store.settle(right(mpinId, undefined, { authOTT: key, meetingId: hex(32) }));
    await store.claimWid('7654321', key, LONG_LIFE_MS);
    t.equal(await store.meeting(key), undefined);
    t.equal(await store.meetingOfWid(key), undefined);
    t.equal(await store.takeReport(key), false);
    t.equal(await store.takeResult('7654321'), undefined);
    t.equal(await store.takeMobileResult('7654321'), undefined);
    await store.putMeeting({ id: key, prerollId: '' }, LONG_LIFE_MS);
    t.equal((await store.takeMobileResult(key))?.mpinId, mpinId, 'still what it was');
  },
};

export const meetingCases: Record<string, Case> = {
  ...widCases,
  ...mobileResultCases,
  ...loginCases,
};
