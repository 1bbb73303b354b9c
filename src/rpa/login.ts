/** Logins, the page they protect, and their end. */
import { type Answer, answer, type Call, HttpError, type Route } from '../http/call.js';
import { objectField, parseJsonObject, textField } from '../http/json.js';
import { html, page } from './pages.js';
import type { RpsClient } from './rps-client.js';
import type { Sessions } from './sessions.js';

export interface LoginOptions {
  readonly rps: RpsClient;
  readonly sessions: Sessions;
  /** The first page, for the user who is logged in, if any. */
  readonly home: (userId: string | undefined) => Promise<Answer>;
}

/** The statuses a client knows the meaning of (contract §2.1); any other is the RPS's trouble. */
const MIRRORED: ReadonlySet<number> = new Set([400, 401, 403, 408, 409, 410, 412]);

export function loginRoutes(options: LoginOptions): Route[] {
  const { sessions, home } = options;
  const get = (path: string, handle: Route['handle']): Route => {
    return { method: 'GET', path, access: 'public', headers: ['cookie'], handle };
  };
  const guarded = (call: Call): Answer => protectedPage(sessions, call);
  return [
    {
      method: 'POST',
      path: '/mpinAuthenticate',
      access: 'public',
      headers: ['cookie'],
      handle: (call) => authenticate(options, call),
    },
    get('/', ({ headers }) => home(sessions.find(headers['cookie'])?.userId)),
    get('/protected', guarded),
    get('/protected/*', guarded),
    get('/logout', ({ headers }) => redirectHome(sessions.end(headers['cookie']))),
  ];
}

async function authenticate({ rps, sessions }: LoginOptions, call: Call): Promise<Answer> {
  const fields = parseJsonObject(call.body);
  const response = fields === undefined ? undefined : objectField(fields, 'mpinResponse');
  const authOTT = response === undefined ? undefined : textField(response, 'authOTT');
  if (authOTT === undefined) throw new HttpError(400, 'BAD REQUEST. MISSING authOTT');

  const reply = await rps.authenticate(authOTT);
  const message = textField(reply.fields, 'message') ?? '';
  if (reply.status !== 200) {
    if (!MIRRORED.has(reply.status)) throw new HttpError(502, 'the authentication server failed');
    return answer(reply.status, { version: '0.3', message });
  }
  const userId = textField(reply.fields, 'userId');
  if (userId === undefined) throw new HttpError(502, 'the authentication server failed');
  // Nobody may be waiting, and then the RPS says 404: the login is good all the same.
  await rps.loginResult(authOTT).catch(() => undefined);
  const cookie = sessions.begin(userId, call.headers['cookie']);
  return answer(200, { version: '0.3', message, userId }, { 'Set-Cookie': cookie });
}

function protectedPage(sessions: Sessions, { headers }: Call): Answer {
  const session = sessions.find(headers['cookie']);
  if (session === undefined) return redirectHome();
  return page(
    200,
    'Your page',
    html`<p>Only you can see this, <b>${session.userId}</b>.</p>
<p><a href="/">Home</a>, <a href="/logout">log out</a>.</p>`,
  );
}

function redirectHome(cookie?: string): Answer {
  const headers = { Location: '/', 'Cache-Control': 'no-store' };
  return answer(302, {}, cookie === undefined ? headers : { ...headers, 'Set-Cookie': cookie });
}
