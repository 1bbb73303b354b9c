/** Logins, and the page they protect. */
import {
  type Answer,
  answer,
  type Call,
  HttpError,
  type JsonObject,
  type Route,
} from '../http/call.js';
import { objectField, parseJsonObject, textField } from '../http/json.js';
import type { Clock } from '../protocol/clock.js';
import { LOGOUT_PATH, LOGOUT_WATCH_PATH } from './logout.js';
import { actionForm, html, type Page } from './pages.js';
import { fromElsewhere, ORIGIN_HEADERS } from './requests.js';
import type { Revocations } from './revocations.js';
import type { RpsClient } from './rps-client.js';
import { newLogoutToken, type Session, type Sessions } from './sessions.js';

export interface LoginOptions {
  readonly rps: RpsClient;
  readonly sessions: Sessions;
  readonly revocations: Revocations;
  readonly page: Page;
  readonly clock: Clock;
  /** Origin of this application, as browsers know it. */
  readonly origin: string;
  readonly otpExpireSeconds: number;
  readonly isAdmin: (userId: string) => boolean;
  /** The first page, for the user who is logged in, if any. */
  readonly home: (userId: string | undefined) => Promise<Answer>;
}

const MS_PER_SECOND = 1000;

/** The statuses a client knows the meaning of (contract §2.1); any other is the RPS's trouble. */
const MIRRORED: ReadonlySet<number> = new Set([400, 401, 403, 408, 409, 410, 412]);

export function loginRoutes(options: LoginOptions): Route[] {
  const { sessions, home } = options;
  const get = (path: string, handle: Route['handle']): Route => {
    return { method: 'GET', path, access: 'public', headers: ['cookie'], handle };
  };
  const guarded = ({ headers }: Call): Answer => {
    const session = sessions.find(headers['cookie']);
    if (session !== undefined) return protectedPage(options, session);
    return answer(302, {}, { Location: '/', 'Cache-Control': 'no-store' });
  };
  return [
    {
      method: 'POST',
      path: '/mpinAuthenticate',
      access: 'public',
      headers: ['cookie', ...ORIGIN_HEADERS],
      handle: (call) => authenticate(options, call),
    },
    get('/', ({ headers }) => home(sessions.find(headers['cookie'])?.userId)),
    get('/protected', guarded),
    get('/protected/*', guarded),
  ];
}

async function authenticate(options: LoginOptions, call: Call): Promise<Answer> {
  const { rps, sessions, revocations } = options;
  // Another site could log its visitors in here as somebody else, and watch what they do.
  if (fromElsewhere(call, options.origin)) throw new HttpError(403, 'sent by another site');
  const fields = parseJsonObject(call.body);
  const response = fields === undefined ? undefined : objectField(fields, 'mpinResponse');
  const authOTT = response === undefined ? undefined : textField(response, 'authOTT');
  if (authOTT === undefined) throw new HttpError(400, 'BAD REQUEST. MISSING authOTT');

  const logoutToken = newLogoutToken();
  const reply = await rps.authenticate(authOTT, {
    logoutURL: LOGOUT_PATH,
    logoutData: { logoutToken },
  });
  const message = textField(reply.fields, 'message') ?? '';
  if (reply.status !== 200) {
    if (!MIRRORED.has(reply.status)) throw new HttpError(502, 'the authentication server failed');
    return answer(reply.status, { version: '0.3', message });
  }
  const userId = textField(reply.fields, 'userId');
  if (userId === undefined) throw new HttpError(502, 'the authentication server failed');
  // A time permit of the day may be older than the revocation.
  const status = revocations.has(userId) ? 403 : 200;
  // Nobody may be waiting, and then the RPS says 404: the login is good all the same.
  await rps.loginResult(authOTT, status).catch(() => undefined);
  if (status !== 200) throw new HttpError(status, 'This user is revoked');
  const cookie = sessions.begin(userId, logoutToken, call.headers['cookie']);
  const body = { version: '0.3', message, userId, ...otpTimes(options, reply.fields) };
  return answer(200, body, { 'Set-Cookie': cookie });
}

/** Clients show a one-time password only with these three beside it (contract §4.9). */
function otpTimes({ clock, otpExpireSeconds }: LoginOptions, fields: JsonObject): JsonObject {
  if (textField(fields, 'OTP') === undefined) return {};
  const nowTime = clock.now();
  const expireTime = nowTime + otpExpireSeconds * MS_PER_SECOND;
  return { expireTime, nowTime, ttlSeconds: otpExpireSeconds };
}

function protectedPage({ page, isAdmin }: LoginOptions, session: Session): Answer {
  const action = LOGOUT_PATH;
  const everywhere = { everywhere: '1' };
  return page(
    200,
    'Your page',
    html`<p>Only you can see this, <b>${session.userId}</b>.</p>
<p>${actionForm(session, { action, label: 'Log out' })}
${actionForm(session, { action, label: 'Log out everywhere', fields: everywhere })}</p>
<p><a href="/">Home</a>${isAdmin(session.userId) ? html`, <a href="/admin">users</a>` : ''}</p>`,
    LOGOUT_WATCH_PATH,
  );
}
