/** POST /rps/authenticate: a mobile presents its login and waits for the browser (§4.10). */
import { type Answer, answer, type Call, HttpError, type Route } from '../http/call.js';
import { objectField, parseJsonObject, textField } from '../http/json.js';
import type { LoginReport, MobileResult } from '../store/meeting.js';
import { awaitFinalReport } from './meetings.js';
import type { RpsParts } from './parts.js';
import { isNoLongerPermitted, REVOKED_LOGIN } from './revocation.js';
import { RESULT_LIFE_MS } from './verdict.js';

const MS_PER_SECOND = 1000;

type MobileParts = Pick<RpsParts, 'options' | 'urls' | 'store' | 'rpa' | 'audit'>;

export function mobileLoginRoutes(parts: MobileParts): Route[] {
  return [
    {
      method: 'POST',
      path: `${parts.urls.prefix}/authenticate`,
      access: 'public',
      handle: (call) => authenticate(parts, call),
    },
  ];
}

async function authenticate(parts: MobileParts, call: Call): Promise<Answer> {
  const { options, store } = parts;
  const response = objectField(parseJsonObject(call.body) ?? {}, 'mpinResponse');
  const authOTT = response && textField(response, 'authOTT');
  if (authOTT === undefined) throw new HttpError(400, 'Missing authOTT');
  const result = await store.takeMobileResult(authOTT);
  const meeting = result && (await store.meeting(result.meetingId));
  // Before the PIN is looked at: a dead number is what clients are told of (contract §4.10).
  if (result === undefined || meeting === undefined) throw deadNumber();
  if (result.status !== 200) throw new HttpError(result.status, 'Wrong PIN.');
  const { mpinId } = result;
  const revoked = await store.revoked(mpinId);
  if (await isNoLongerPermitted(parts, { mpinId, revoked, peer: call.peer })) {
    throw new HttpError(REVOKED_LOGIN, 'No longer permitted');
  }
  await bind(store, authOTT, result);
  const report = await awaitFinalReport(store, result.meetingId, {
    waitMs: options.mobileWaitSeconds * MS_PER_SECOND,
    gone: call.aborted,
  });
  if (report === undefined) throw new HttpError(408, 'Authentication timed out');
  if (report.status !== 200) throw new HttpError(report.status, report.message);
  return answer(200, farewell(report));
}

/** The browser may have the login from now on; its meeting lives as long as the result did. */
async function bind(
  store: MobileParts['store'],
  authOTT: string,
  { mpinId, otp, meetingId }: MobileResult,
): Promise<void> {
  const login = { authOTT, mpinId, ...(otp === undefined ? {} : { otp }) };
  if (!(await store.bindLogin(meetingId, login, RESULT_LIFE_MS))) throw deadNumber();
}

/** How the mobile may log the browser out again. Clients need both fields, empty or not. */
function farewell({ logoutURL, logoutData }: LoginReport) {
  return { logoutURL, logoutData: logoutData === '' ? '' : (JSON.parse(logoutData) as unknown) };
}

function deadNumber(): HttpError {
  return new HttpError(412, 'Invalid or expired access number');
}
