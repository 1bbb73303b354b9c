/** Who may log in: a page for the people named in adminUsers, and an API for programs. */
import { type Answer, answer, type Call, HttpError, type Route } from '../http/call.js';
import { actionForm, html, type Page } from './pages.js';
import { formOf, isOwnForm, sameSecret } from './requests.js';
import type { Revocations } from './revocations.js';
import type { Session, Sessions } from './sessions.js';

export interface AdminOptions {
  readonly sessions: Sessions;
  readonly revocations: Revocations;
  readonly page: Page;
  readonly isAdmin: (userId: string) => boolean;
  /** What programs show; there is no API when it is empty. */
  readonly adminToken: string;
}

const PATH = '/admin';

export function adminRoutes(options: AdminOptions): Route[] {
  const form = (method: 'GET' | 'POST', handle: Route['handle']): Route => {
    return { method, path: PATH, access: 'public', headers: ['cookie'], handle };
  };
  return [
    form('GET', (call) => showUsers(options, adminOf(options, call))),
    form('POST', (call) => changeUser(options, adminOf(options, call), call)),
    ...(options.adminToken === '' ? [] : apiRoutes(options)),
  ];
}

function apiRoutes(options: AdminOptions): Route[] {
  const { adminToken, revocations } = options;
  const api = (method: Route['method'], path: string, handle: Route['handle']): Route => ({
    method,
    path,
    access: 'public',
    headers: ['authorization'],
    handle: (call) => {
      const [, given = ''] = /^Bearer (\S+)$/i.exec(call.headers['authorization'] ?? '') ?? [];
      if (sameSecret(given, adminToken)) return handle(call);
      throw new HttpError(401, 'wrong or missing admin token', { 'WWW-Authenticate': 'Bearer' });
    },
  });
  const one = `${PATH}/revoked/:userId`;
  const userOf = ({ params }: Call): string => params[0] ?? '';
  return [
    api('GET', `${PATH}/revoked`, () => answer(200, { revoked: revocations.list() })),
    api('PUT', one, (call) => {
      revoke(options, userOf(call));
      return answer(200, { userId: userOf(call), revoked: true });
    }),
    api('DELETE', one, (call) => {
      revocations.permit(userOf(call));
      return answer(200, { userId: userOf(call), revoked: false });
    }),
  ];
}

/** Whoever is revoked is also logged out. */
function revoke({ revocations, sessions }: AdminOptions, userId: string): void {
  revocations.revoke(userId);
  sessions.endAll(userId);
}

function adminOf({ sessions, isAdmin }: AdminOptions, { headers }: Call): Session {
  const session = sessions.find(headers['cookie']);
  if (session !== undefined && isAdmin(session.userId)) return session;
  throw new HttpError(403, 'log in as one of adminUsers');
}

function showUsers({ revocations, page }: AdminOptions, session: Session): Answer {
  const rows = revocations.list().map((user) => {
    const form = { action: PATH, label: 'Permit', fields: { permit: user } };
    return html`<li>${user} ${actionForm(session, form)}</li>`;
  });
  return page(
    200,
    'Users',
    html`<form method="post" action="${PATH}">
<input type="hidden" name="token" value="${session.formToken}">
<label>User <input name="revoke" required></label> <button>Revoke</button></form>
<p>Who is revoked is logged out, cannot log in and cannot register.</p>
<h2>Revoked</h2>
${rows.length === 0 ? html`<p>Nobody.</p>` : html`<ul>${rows}</ul>`}
<p><a href="/protected">Your page</a></p>`,
  );
}

function changeUser(options: AdminOptions, session: Session, call: Call): Answer {
  const form = formOf(call);
  if (!isOwnForm(form, session)) throw new HttpError(403, 'not sent by a page of this session');
  const [toRevoke, toPermit] = [form.get('revoke'), form.get('permit')];
  if (toRevoke !== null) revoke(options, toRevoke);
  if (toPermit !== null) options.revocations.permit(toPermit);
  return answer(303, {}, { Location: PATH, 'Cache-Control': 'no-store' });
}
