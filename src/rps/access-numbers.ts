/** What the browser asks for when a mobile is to log it in (contract §4.8). */
import { randomUUID } from 'node:crypto';
import { type Answer, answer, type Call, HttpError, type Route } from '../http/call.js';
import { parseJsonObject, textField } from '../http/json.js';
import { isQrId, isWid, randomAccessNumber } from '../protocol/access-number.js';
import { parseMpinId } from '../protocol/mpin-id.js';
import { randomToken } from '../protocol/tokens.js';
import { isUserId } from '../protocol/user-id.js';
import type { Meeting, Progress } from '../store/meeting.js';
import { meetingIdOf } from './meetings.js';
import type { RpsParts } from './parts.js';
import { unavailable } from './replies.js';

const MS_PER_SECOND = 1000;
/** Draws of a free number: even with half of all taken, all of them fail once in a million. */
const DRAWS_MAX = 20;
/** Longest name a browser may give itself, in UTF-16 units: its own are UUIDs. */
const PREROLL_ID_LENGTH_MAX = 128;
/** Longest body in bytes: a name and two tokens, in escapes. */
const BODY_BYTES_MAX = 4_096;

/** What an app may say of itself; anything else could pass for a state of ours (§13, 24). */
const PROGRESS: ReadonlySet<string> = new Set<Progress>(['wid', 'user', 'abort']);

type AccessParts = Pick<RpsParts, 'options' | 'urls' | 'clock' | 'store'>;

export function accessNumberRoutes(parts: AccessParts): Route[] {
  const route = (
    path: string,
    handle: (parts: AccessParts, call: Call) => Promise<Answer>,
    headers: readonly string[] = [],
  ): Route => ({
    method: 'POST',
    path: `${parts.urls.prefix}${path}`,
    access: 'public',
    headers,
    bodyBytesMax: BODY_BYTES_MAX,
    handle: (call) => handle(parts, call),
  });
  return [
    route('/getAccessNumber', getAccessNumber),
    route('/getQrUrl', getQrUrl, ['host']),
    route('/codeStatus', codeStatus),
    route('/access', access),
    route('/accessnumber', accessnumber),
  ];
}

/** The body is not looked at: clients send none, or anything (contract §1, 12). */
async function getAccessNumber(parts: AccessParts): Promise<Answer> {
  const { accessNumberUseCheckSum } = parts.options;
  const { wid, times } = await openMeeting(parts, '', () =>
    randomAccessNumber(accessNumberUseCheckSum),
  );
  return answer(200, { accessNumber: wid, ...times });
}

async function getQrUrl(parts: AccessParts, call: Call): Promise<Answer> {
  const body = parseJsonObject(call.body) ?? {};
  const prerollId = textField(body, 'prerollid') ?? '';
  if (prerollId.length > PREROLL_ID_LENGTH_MAX) throw new HttpError(400, 'prerollid is too long');
  const { wid, times } = await openMeeting(parts, prerollId, () =>
    randomUUID().replaceAll('-', ''),
  );
  const base = parts.urls.baseFor(call.headers['host']) ?? '';
  return answer(200, { qrUrl: `${base}#${wid}`, ...times });
}

/** A meeting, a free WID that leads to it, and what the browser is told of their time. */
async function openMeeting(
  { options, clock, store }: AccessParts,
  prerollId: string,
  draw: () => string,
) {
  const { accessNumberExpireSeconds: ttlSeconds, accessNumberExtendValiditySeconds } = options;
  const lifeMs = (ttlSeconds + accessNumberExtendValiditySeconds) * MS_PER_SECOND;
  const webOTT = randomToken(options.OTTLength);
  const id = meetingIdOf(webOTT);
  await store.putMeeting({ id, prerollId }, lifeMs);
  const localTimeStart = clock.now();
  const localTimeEnd = localTimeStart + ttlSeconds * MS_PER_SECOND;
  for (let draws = 0; draws < DRAWS_MAX; draws += 1) {
    const wid = draw();
    if (await store.claimWid(wid, id, lifeMs)) {
      return { wid, times: { ttlSeconds, webOTT, localTimeStart, localTimeEnd } };
    }
  }
  throw unavailable('No access number is free, try again');
}

/**
 * What the mobile's app says for the browser to show. Only under a QR code, whose id is known to
 * whoever has scanned it: a number may be anyone's guess, and then tells only who we are.
 */
async function codeStatus({ options, store }: AccessParts, call: Call): Promise<Answer> {
  const body = parseJsonObject(call.body);
  const status = body && textField(body, 'status');
  if (body === undefined || status === undefined) throw new HttpError(400, 'Missing status');
  if (!PROGRESS.has(status)) throw new HttpError(400, 'Unknown status');
  const userId = textField(body, 'userId') ?? '';
  if (userId !== '' && !isUserId(userId)) throw new HttpError(400, 'userId is not allowed');
  const wid = String(body['wid'] ?? '').toLowerCase();
  const id = isWid(wid) ? await store.meetingOfWid(wid) : undefined;
  if (id === undefined) return answer(200, { Status: 'OK' });
  if (isQrId(wid)) await store.noteProgress(id, status as Progress, userId);
  if (status !== 'wid') return answer(200, { Status: 'OK' });
  const prerollId = isQrId(wid) ? ((await store.meeting(id))?.prerollId ?? '') : '';
  const { serviceName: appName, serviceIconUrl: appLogoURL } = options;
  // Two spellings: the one of the old servers, and the one that the apps read.
  return answer(200, {
    PrerollId: prerollId,
    AppName: appName,
    AppLogoUrl: appLogoURL,
    prerollId,
    appName,
    appLogoURL,
  });
}

/** The newer poll: always 200, with the state of things in the body. */
async function access({ store }: AccessParts, call: Call): Promise<Answer> {
  const meeting = await meetingOf(store, call);
  const login = meeting?.login;
  return answer(200, {
    status: login === undefined ? (meeting?.progress ?? 'expired') : 'authenticate',
    statusCode: 0,
    userId: login === undefined ? (meeting?.userId ?? '') : shownUserId(login.mpinId),
    redirectURL: '',
    authOTT: login?.authOTT ?? '',
  });
}

/** The older poll: 401 until there is a login. */
async function accessnumber({ store }: AccessParts, call: Call): Promise<Answer> {
  const login = (await meetingOf(store, call))?.login;
  if (login === undefined) throw new HttpError(401, 'Not authenticated yet');
  return answer(200, { authOTT: login.authOTT });
}

async function meetingOf(store: AccessParts['store'], call: Call): Promise<Meeting | undefined> {
  const webOTT = textField(parseJsonObject(call.body) ?? {}, 'webOTT');
  return webOTT === undefined ? undefined : store.meeting(meetingIdOf(webOTT));
}

/** Pages put it among their markup as it is: identities of other issuers may hold anything. */
function shownUserId(mpinId: string): string {
  const userId = parseMpinId(mpinId)?.userID ?? '';
  return isUserId(userId) ? userId : '';
}
