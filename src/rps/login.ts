/** POST /authenticate: the RPA learns how a login ended (contract §6, 2). Private. */
import { type Answer, answer, type Call, HttpError, type Route } from '../http/call.js';
import { parseJsonObject, textField } from '../http/json.js';
import { parseMpinId } from '../protocol/mpin-id.js';
import { after } from '../store/after.js';
import type { Awaitable, LoginResult, LoginStatus, TakenResult } from '../store/store.js';
import { takeMobileLogin } from './login-report.js';
import { keepOtp } from './otp.js';
import { isNoLongerPermitted, REVOKED_LOGIN, type RevocationParts } from './revocation.js';
import { RESULT_LIFE_MS } from './verdict.js';

const MESSAGES: Readonly<Record<Outcome, string>> = {
  200: 'Authentication successful',
  401: 'Wrong PIN.',
  403: 'No longer permitted',
  410: 'Wrong PIN.',
};

type Outcome = LoginStatus | typeof REVOKED_LOGIN;

type LoginParts = RevocationParts;

export function loginRoutes(parts: LoginParts): Route[] {
  return [
    {
      method: 'POST',
      path: '/authenticate',
      access: 'private',
      handle: (call) => authenticate(parts, call),
    },
  ];
}

/** Each result is given out once; afterwards its token is as unknown as any other text. */
function authenticate(parts: LoginParts, call: Call): Awaitable<Answer> {
  const body = parseJsonObject(call.body);
  if (body === undefined) throw new HttpError(400, 'The body is not a JSON object');
  const authOTT = textField(body, 'authOTT');
  if (authOTT === undefined) throw new HttpError(400, 'Missing authOTT');
  return after(parts.store.takeResult(authOTT), (result) => {
    if (result !== undefined) return browserAnswer(parts, call.peer, authOTT, result);
    return takeMobileLogin(parts, authOTT, body).then((login) => successAnswer(parts, login));
  });
}

/** Where the RPA is to report on logins, it may do so on those of browsers too. */
function browserAnswer(
  parts: LoginParts,
  peer: string,
  authOTT: string,
  result: TakenResult,
): Awaitable<Answer> {
  const { options, store } = parts;
  if (result.status !== 200) return resultAnswer(result);
  const { mpinId, revoked = false } = result;
  return after(isNoLongerPermitted(parts, { mpinId, revoked, peer }), (refused) => {
    if (refused) return resultAnswer({ status: REVOKED_LOGIN, mpinId: result.mpinId });
    if (!options.waitForLoginResult) return successAnswer(parts, result);
    return after(store.awaitReport(authOTT, RESULT_LIFE_MS), () => successAnswer(parts, result));
  });
}

/** From now on its one-time password, if it has one, can be verified. */
function successAnswer(parts: LoginParts, result: LoginResult | undefined): Awaitable<Answer> {
  if (result?.otp === undefined) return resultAnswer(result);
  const { mpinId, otp } = result;
  const { options, store } = parts;
  const kept = keepOtp(store, { userId: userIdOf(mpinId), mpinId, otp }, options.otpExpireSeconds);
  return after(kept, () => resultAnswer(result));
}

function resultAnswer(
  result: (Omit<LoginResult, 'status'> & { readonly status: Outcome }) | undefined,
): Answer {
  if (result === undefined) {
    const message = 'Expired authentication request';
    return answer(408, { status: 408, message, userId: '', mpinId: '' });
  }
  const { status, mpinId, otp } = result;
  return answer(status, {
    status,
    message: MESSAGES[status],
    userId: userIdOf(mpinId),
    mpinId,
    ...(otp === undefined ? {} : { OTP: otp }),
  });
}

function userIdOf(mpinId: string): string {
  return parseMpinId(mpinId)?.userID ?? '';
}
