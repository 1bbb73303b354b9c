import type {
  LoginReport,
  Meeting,
  MeetingLogin,
  MeetingStore,
  MobileResult,
} from '../../meeting.js';
import type { Connection } from '../connection.js';
import { type Keys, placeOfText, placeOfToken } from '../keys.js';
import { decodeResult } from '../record.js';
import {
  BIND_LOGIN,
  NOTE_PROGRESS,
  PUT_MEETING,
  REPORT_LOGIN,
  TAKE_LOGIN,
  TAKE_MOBILE_RESULT,
} from '../scripts/meetings.js';
import { flag } from './flag.js';

export function meetingVerbs(redis: Connection, keys: Keys): MeetingStore {
  const keyOf = (id: string) => keys.of('meeting', placeOfText(id));
  const widKey = (wid: string) => keys.of('wid', placeOfText(wid));
  return {
    async putMeeting({ id, prerollId }, lifeMs) {
      await redis.run(PUT_MEETING, [keyOf(id)], [prerollId, lifeMs]);
    },

    async claimWid(wid, meetingId, lifeMs) {
      return (await redis.call('set', widKey(wid), meetingId, 'px', lifeMs, 'nx')) !== null;
    },

    async meetingOfWid(wid) {
      return textOf(await redis.call('get', widKey(wid)));
    },

    async meeting(id) {
      const fields = ['prerollId', 'progress', 'userId', 'login', 'taken', 'report'];
      const values = (await redis.call('hmget', keyOf(id), ...fields)) as (Buffer | null)[];
      return meetingOf(id, values.map(textOf));
    },

    async noteProgress(id, progress, userId) {
      return (await redis.run(NOTE_PROGRESS, [keyOf(id)], [progress, userId])) === 1;
    },

    async bindLogin(id, login, lifeMs) {
      const values = [JSON.stringify(login), login.authOTT, lifeMs];
      return (await redis.run(BIND_LOGIN, [keyOf(id)], values)) === 1;
    },

    async takeLogin(id, authOTT, report) {
      const login = textOf(
        await redis.run(TAKE_LOGIN, [keyOf(id)], reportArguments(authOTT, report)),
      );
      return login === undefined ? undefined : (JSON.parse(login) as MeetingLogin);
    },

    async reportLogin(id, authOTT, report) {
      return (await redis.run(REPORT_LOGIN, [keyOf(id)], reportArguments(authOTT, report))) === 1;
    },

    // A change is told under the name of what has changed.
    watchMeeting: (id, changed) => redis.watch(keyOf(id), changed),

    ...mobileResultVerbs(redis, keys),
  };
}

type MobileResultVerbs = Pick<
  MeetingStore,
  'takeMobileResult' | 'meetingOfLogin' | 'awaitReport' | 'takeReport'
>;

function mobileResultOf(bytes: Buffer): MobileResult {
  const { result, about } = decodeResult(bytes);
  return { ...result, meetingId: about };
}

/** What lies under an authOTT. */
function mobileResultVerbs(redis: Connection, keys: Keys): MobileResultVerbs {
  return {
    async takeMobileResult(authOTT) {
      const place = placeOfToken(authOTT);
      if (place === undefined) return undefined;
      const [result, login] = [keys.of('mobileResult', place), keys.of('mobileLogin', place)];
      const bytes = await redis.run(TAKE_MOBILE_RESULT, [result, login], []);
      return bytes === null ? undefined : mobileResultOf(bytes as Buffer);
    },

    async meetingOfLogin(authOTT) {
      const place = placeOfToken(authOTT);
      if (place === undefined) return undefined;
      return textOf(await redis.call('get', keys.of('mobileLogin', place)));
    },

    async awaitReport(authOTT, lifeMs) {
      const place = placeOfToken(authOTT);
      if (place === undefined) throw new RangeError('an authOTT has at most 128 characters');
      await redis.call('set', keys.of('report', place), '', 'px', lifeMs);
    },

    async takeReport(authOTT) {
      const place = placeOfToken(authOTT);
      return place !== undefined && (await redis.call('del', keys.of('report', place))) === 1;
    },
  };
}

function reportArguments(authOTT: string, report: LoginReport): string[] {
  return [authOTT, JSON.stringify(report), flag(report.final)];
}

function textOf(value: unknown): string | undefined {
  return value === null ? undefined : (value as Buffer).toString();
}

function meetingOf(id: string, values: readonly (string | undefined)[]): Meeting | undefined {
  const [prerollId, progress, userId, login, taken, report] = values;
  if (prerollId === undefined) return undefined;
  return {
    id,
    prerollId,
    progress: progress as Meeting['progress'],
    userId: userId ?? '',
    ...(login === undefined ? {} : { login: JSON.parse(login) as MeetingLogin }),
    taken: taken === '1',
    ...(report === undefined ? {} : { report: JSON.parse(report) as LoginReport }),
  };
}
