/**
 * Logins by mobile on the RPA's side: it takes them like those of browsers, and says what it makes
 * of them, at once or with POST /loginResult (contract §6, 3; private).
 */
import {
  type Answer,
  answer,
  type Call,
  HttpError,
  type JsonObject,
  type Route,
} from '../http/call.js';
import { parseJsonObject, textField } from '../http/json.js';
import type { LoginReport } from '../store/meeting.js';
import type { LoginResult } from '../store/store.js';
import type { RpsParts } from './parts.js';
import { VERSION } from './replies.js';

const SUCCESS = 'Authentication successful';
const REFUSED = 'Refused by the relying party';

type ReportParts = Pick<RpsParts, 'options' | 'store'>;

export function loginReportRoutes(parts: ReportParts): Route[] {
  return [
    {
      method: 'POST',
      path: '/loginResult',
      access: 'private',
      handle: (call) => loginResult(parts, call),
    },
  ];
}

/**
 * The login that a mobile has made for the browser of this authOTT, once. `body` is the RPA's
 * request, which may say how to log out. The mobile is released, or waits for /loginResult.
 */
export async function takeMobileLogin(
  { options, store }: ReportParts,
  authOTT: string,
  body: JsonObject,
): Promise<LoginResult | undefined> {
  const id = await store.meetingOfLogin(authOTT);
  if (id === undefined) return undefined;
  const login = await store.takeLogin(id, authOTT, {
    final: !options.waitForLoginResult,
    status: 200,
    message: SUCCESS,
    ...logoutOf(body, { logoutURL: options.LogoutURL, logoutData: '' }),
  });
  if (login === undefined) return undefined;
  const { mpinId, otp } = login;
  return { status: 200, mpinId, ...(otp === undefined ? {} : { otp }) };
}

/**
 * For a mobile it is the answer that it waits for. Nobody waits for that on a browser's login, so
 * it is merely accepted, once.
 */
async function loginResult({ options, store }: ReportParts, call: Call): Promise<Answer> {
  if (!options.waitForLoginResult) throw new HttpError(404, 'waitForLoginResult is off');
  const body = parseJsonObject(call.body);
  if (body === undefined) throw new HttpError(400, 'The body is not a JSON object');
  const authOTT = textField(body, 'authOTT');
  if (authOTT === undefined) throw new HttpError(400, 'Missing authOTT');
  const { status } = body;
  if (!isReportable(status)) throw new HttpError(400, 'status is neither 200 nor 400 to 499');
  const id = await store.meetingOfLogin(authOTT);
  const known =
    id === undefined
      ? await store.takeReport(authOTT)
      : await store.reportLogin(id, authOTT, {
          final: true,
          status,
          message: textField(body, 'message') ?? (status === 200 ? SUCCESS : REFUSED),
          ...logoutOf(body, (await store.meeting(id))?.report),
        });
  if (!known) throw new HttpError(408, 'Expired authentication request');
  return answer(200, { version: VERSION, message: 'OK' });
}

type Logout = Pick<LoginReport, 'logoutURL' | 'logoutData'>;

/** What the RPA says about logging out, and where it says nothing, what was known. */
function logoutOf(body: JsonObject, known: Logout | undefined): Logout {
  const { logoutData } = body;
  return {
    logoutURL: textField(body, 'logoutURL') ?? known?.logoutURL ?? '',
    logoutData:
      logoutData === undefined || logoutData === null
        ? (known?.logoutData ?? '')
        : JSON.stringify(logoutData),
  };
}

function isReportable(status: unknown): status is number {
  return status === 200 || (Number.isInteger(status) && Math.floor(Number(status) / 100) === 4);
}
