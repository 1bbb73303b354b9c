/** The ends of sessions: here, everywhere, and by the phone that began one. */
import { type Answer, answer, type Call, HttpError, type Route } from '../http/call.js';
import { parseJsonObject, textField } from '../http/json.js';
import { formOf, fromElsewhere, isOwnForm, ORIGIN_HEADERS } from './requests.js';
import type { Sessions } from './sessions.js';

export const LOGOUT_PATH = '/logout';
export const LOGOUT_WATCH_PATH = '/logout-watch.js';

/** How long a page waits at once, in milliseconds: proxies cut silent requests after some 60 s. */
const WAIT_MS = 25_000;

/**
 * Runs in the page of who is logged in: goes to the first page as soon as the session is over.
 * What fails is tried again, later.
 */
const LOGOUT_WATCH = `for (;;) {
  const status = await fetch('/logoutWait', { cache: 'no-store' }).then(
    (reply) => reply.status,
    () => 0,
  );
  if (status === 200) break;
  if (status !== 204) await new Promise((resolve) => setTimeout(resolve, 30_000));
}
location.replace('/');
`;

export interface LogoutOptions {
  readonly sessions: Sessions;
  /** Origin of this application, as browsers know it. */
  readonly origin: string;
}

export function logoutRoutes({ sessions, origin }: LogoutOptions): Route[] {
  const route = (method: 'GET' | 'POST', path: string, handle: Route['handle']): Route => {
    return { method, path, access: 'public', headers: ['cookie', ...ORIGIN_HEADERS], handle };
  };
  return [
    route('GET', LOGOUT_PATH, (call) =>
      // A picture on another site must not be able to log anyone out.
      home(fromElsewhere(call, origin) ? undefined : sessions.end(call.headers['cookie'])),
    ),
    route('POST', LOGOUT_PATH, (call) => logout(sessions, call)),
    route('GET', '/logoutWait', (call) => awaitLogout(sessions, call)),
    route('GET', LOGOUT_WATCH_PATH, () => ({
      status: 200,
      body: LOGOUT_WATCH,
      contentType: 'text/javascript; charset=utf-8',
      headers: { 'X-Content-Type-Options': 'nosniff' },
    })),
  ];
}

/** A phone sends the JSON it was given, a page of ours a form. */
function logout(sessions: Sessions, call: Call): Answer {
  const fields = parseJsonObject(call.body);
  if (fields !== undefined) {
    const logoutToken = textField(fields, 'logoutToken') ?? '';
    if (!sessions.endRemotely(logoutToken)) throw new HttpError(400, 'no such session');
    // Old phones take a body for an error (contract §2.1).
    return { status: 200 };
  }
  const cookie = call.headers['cookie'];
  const session = sessions.find(cookie);
  if (session === undefined) return home(sessions.end(cookie));
  const form = formOf(call);
  if (!isOwnForm(form, session)) throw new HttpError(403, 'not sent by a page of this session');
  if (form.has('everywhere')) sessions.endAll(session.userId);
  return home(sessions.end(cookie));
}

/** 200 once the session is over, 204 while it lives: ask again. */
async function awaitLogout(sessions: Sessions, call: Call): Promise<Answer> {
  const { headers, aborted: gone } = call;
  const outcome = await sessions.awaitEnd(headers['cookie'], { waitMs: WAIT_MS, gone });
  if (outcome === 'full') {
    throw new HttpError(503, 'too many pages of this session wait', { 'Retry-After': '30' });
  }
  return outcome === 'over' ? { status: 200, body: 'OK' } : { status: 204 };
}

/** 303: the browser asks with GET, whatever it sent here. */
function home(cookie: string | undefined): Answer {
  const headers = { Location: '/', 'Cache-Control': 'no-store' };
  return answer(303, {}, cookie === undefined ? headers : { ...headers, 'Set-Cookie': cookie });
}
