/** POST /authenticate: the RPA learns how a login ended (contract §6, 2). Private. */
import { type Answer, answer, type Call, HttpError, type Route } from '../http/call.js';
import { parseJsonObject, textField } from '../http/json.js';
import { parseMpinId } from '../protocol/mpin-id.js';
import { after } from '../store/after.js';
import type { Awaitable, LoginResult, LoginStatus } from '../store/store.js';
import type { RpsParts } from './parts.js';

const MESSAGES: Readonly<Record<LoginStatus, string>> = {
  200: 'Authentication successful',
  401: 'Wrong PIN.',
  410: 'Wrong PIN.',
};

type LoginParts = Pick<RpsParts, 'store'>;

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
function authenticate({ store }: LoginParts, call: Call): Awaitable<Answer> {
  const body = parseJsonObject(call.body);
  if (body === undefined) throw new HttpError(400, 'The body is not a JSON object');
  const authOTT = textField(body, 'authOTT');
  if (authOTT === undefined) throw new HttpError(400, 'Missing authOTT');
  return after(store.takeResult(authOTT), resultAnswer);
}

function resultAnswer(result: LoginResult | undefined): Answer {
  if (result === undefined) {
    const message = 'Expired authentication request';
    return answer(408, { status: 408, message, userId: '', mpinId: '' });
  }
  const { status, mpinId, otp } = result;
  return answer(status, {
    status,
    message: MESSAGES[status],
    userId: parseMpinId(mpinId)?.userID ?? '',
    mpinId,
    ...(otp === undefined ? {} : { OTP: otp }),
  });
}
