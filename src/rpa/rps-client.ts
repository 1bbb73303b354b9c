/** The private calls a relying party makes to its RPS (contract §6). */
import { HttpError, type JsonObject } from '../http/call.js';
import { parseJsonObject } from '../http/json.js';
import type { Outgoing } from '../http/outgoing.js';
import { gatewayError } from './relay.js';

export interface RpsReply {
  readonly status: number;
  readonly fields: JsonObject;
}

/** How a phone ends the session it began. */
export interface LogoutAdvice {
  /** Path at this application; phones want it to begin with a slash. */
  readonly logoutURL: string;
  /** What they send there. */
  readonly logoutData: JsonObject;
}

export interface RpsClient {
  /** Confirms the person behind a registration. */
  activate(mpinId: string, activateKey: string): Promise<RpsReply>;
  /** Takes the outcome of a login; a phone that made it is told how to log out again. */
  authenticate(authOTT: string, logout: LogoutAdvice): Promise<RpsReply>;
  /**
   * Releases a phone that waits for the outcome; most RPSs do not wait and say 404.
   * @param status 200, or 403 when the application does not let the user in
   */
  loginResult(authOTT: string, status: 200 | 403): Promise<RpsReply>;
}

const RESULT_MESSAGES = {
  200: 'Authentication successful',
  403: 'This user is revoked',
} as const;

/** Calls throw HttpError 502 or 504 when the RPS gives no answer, 503 when it is busy. */
export function createRpsClient(
  outgoing: Outgoing,
  { url: rpsUrl, secret }: { readonly url: string; readonly secret: string },
): RpsClient {
  const authorization = secret === '' ? {} : { authorization: `Bearer ${secret}` };
  const post = async (path: string, body: JsonObject): Promise<RpsReply> => {
    const reply = await outgoing
      .request({
        method: 'POST',
        url: new URL(path, rpsUrl),
        headers: { 'content-type': 'application/json', ...authorization },
        body: JSON.stringify(body),
      })
      .catch((error: unknown) => {
        throw gatewayError(error);
      });
    if (reply.status === 503) {
      const wait = reply.headers['retry-after'];
      const headers = typeof wait === 'string' ? { 'Retry-After': wait } : {};
      throw new HttpError(503, 'the authentication server is busy', headers);
    }
    return { status: reply.status, fields: parseJsonObject(reply.body) ?? {} };
  };
  return {
    activate: (mpinId, activateKey) => post(`/user/${mpinId}`, { activateKey }),
    authenticate: (authOTT, logout) => post('/authenticate', { authOTT, ...logout }),
    loginResult: (authOTT, status) =>
      post('/loginResult', { authOTT, status, message: RESULT_MESSAGES[status] }),
  };
}
