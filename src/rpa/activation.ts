/** What the RPS asks of a relying party, and the page behind an activation link. */
import { type Answer, answer, type Call, HttpError, queryOf, type Route } from '../http/call.js';
import { parseJsonObject, textField } from '../http/json.js';
import { type Clock, parseIsoSeconds } from '../protocol/clock.js';
import { canonicalMpinId, type MpinIdentity, parseMpinId } from '../protocol/mpin-id.js';
import { html, type Page } from './pages.js';
import { formOf } from './requests.js';
import type { Revocations } from './revocations.js';
import type { RpsClient } from './rps-client.js';

/** What a person is told, and asked to confirm. */
export interface Invitation {
  readonly userId: string;
  /** Opens the account: it must go to its person and nowhere else. */
  readonly link: string;
  readonly device: string;
  /** `YYYY-MM-DDTHH:MM:SSZ` */
  readonly expireTime: string;
}

export interface ActivationOptions {
  readonly rps: RpsClient;
  readonly revocations: Revocations;
  readonly page: Page;
  readonly clock: Clock;
  /** Where the activation page lies, absolute. */
  readonly activationUrl: string;
  readonly forceActivate: boolean;
  /** Hands a link over to its person; throws the HttpError that their client is to get. */
  readonly deliver: (invitation: Invitation) => Promise<void>;
}

/** What an activation link says. */
interface Link {
  readonly mpinId: string;
  readonly key: string;
  readonly expireTime: string;
  readonly identity: MpinIdentity;
}

/** HMAC-SHA256 in hex (contract §3). */
const ACTIVATE_KEY_FORM = /^[0-9a-fA-F]{64}$/;

export function activationRoutes(options: ActivationOptions): Route[] {
  const path = new URL(options.activationUrl).pathname;
  return [
    {
      method: 'POST',
      path: '/mpinVerify',
      access: 'private',
      handle: (call) => verify(options, call),
    },
    {
      method: 'GET',
      path: '/mpinPermitUser',
      access: 'private',
      handle: (call) => permit(options, call),
    },
    { method: 'GET', path, access: 'public', handle: (call) => askPage(options, call) },
    { method: 'POST', path, access: 'public', handle: (call) => activate(options, call) },
  ];
}

/** The RPS asks whether the person is who they say; we ask the person, or just believe it. */
async function verify(options: ActivationOptions, { body }: Call): Promise<Answer> {
  const fields = parseJsonObject(body);
  if (fields === undefined) throw new HttpError(400, 'BAD REQUEST. INVALID JSON');
  const need = (name: string): string => {
    const value = textField(fields, name);
    if (value === undefined) throw new HttpError(400, `BAD REQUEST. INVALID "${name}"`);
    return value;
  };
  const userId = need('userId');
  const expireTime = need('expireTime');
  const link = new URL(options.activationUrl);
  link.searchParams.set('i', need('mpinId'));
  link.searchParams.set('e', expireTime);
  link.searchParams.set('s', need('activateKey'));
  const { mobile } = fields;
  if (!Number.isInteger(mobile)) throw new HttpError(400, 'BAD REQUEST. INVALID "mobile"');
  if (options.revocations.has(userId)) throw new HttpError(403, 'This user is revoked');
  if (!options.forceActivate) {
    await options.deliver({ userId, link: link.href, device: deviceOf(mobile), expireTime });
  }
  return answer(200, { forceActivate: options.forceActivate });
}

/** Before each time permit: no permit, no login tomorrow. */
function permit({ revocations }: ActivationOptions, call: Call): Answer {
  const mpinId = canonicalMpinId(queryOf(call).get('mpin_id'));
  const identity = mpinId === undefined ? undefined : parseMpinId(mpinId);
  if (identity === undefined) throw new HttpError(400, 'BAD REQUEST. INVALID "mpin_id"');
  if (revocations.has(identity.userID)) throw new HttpError(403, 'This user is revoked');
  return answer(200, { message: 'OK' });
}

/** A link may be opened by a mail scanner: only the button activates. */
function askPage({ page, clock }: ActivationOptions, call: Call): Answer {
  const link = linkOf(new URLSearchParams(call.query));
  if (link === undefined) return noLinkPage(page);
  const { mpinId, key, expireTime, identity } = link;
  // Whoever changes the time in their link is told the truth by the RPS.
  if ((parseIsoSeconds(expireTime) ?? Infinity) <= clock.now()) return overPage(page, link);
  return page(
    200,
    'Confirm your identity',
    html`<p>Someone, hopefully you, has asked to log in here as <b>${identity.userID}</b>
with a ${deviceOf(identity.mobile)}, on ${shortTime(identity.issued)} (UTC).</p>
<form method="post"><input type="hidden" name="i" value="${mpinId}">
<input type="hidden" name="e" value="${expireTime}">
<input type="hidden" name="s" value="${key}"><button>Yes, that was me</button></form>
<p>If it was not you, close this page: without the button nothing happens.</p>`,
  );
}

async function activate({ rps, page }: ActivationOptions, call: Call): Promise<Answer> {
  const link = linkOf(formOf(call));
  if (link === undefined) return noLinkPage(page);
  const { mpinId, key, identity } = link;
  const status = await rps.activate(mpinId, key).then(
    (reply) => (reply.status < 500 ? reply.status : 502),
    (error: unknown) => {
      if (error instanceof HttpError) return error.status;
      throw error;
    },
  );
  if (status === 200) {
    return page(
      200,
      'Confirmed',
      html`<p><b>${identity.userID}</b> is confirmed. Go back to where you registered and set
your PIN.</p>`,
    );
  }
  if (status === 401) return overPage(page, link);
  if (status < 500) return noLinkPage(page, 403);
  return page(
    status,
    'Not confirmed yet',
    html`<p>The login service cannot be asked just now. The link is still good: try again in a
minute.</p>`,
  );
}

/** The RPS forgets a registration when its PIN is set, and when its time is up. */
function overPage(page: Page, { identity, expireTime }: Link): Answer {
  return page(
    410,
    'This link is over',
    html`<p>It has been used, and the PIN of <b>${identity.userID}</b> has been set: then just log
in. Or its time, ${shortTime(expireTime)} (UTC), is up: then register again to get a new one.</p>`,
  );
}

function noLinkPage(page: Page, status = 400): Answer {
  return page(
    status,
    'Not an activation link',
    html`<p>Something in it is wrong or missing. Mail programs cut long links: copy all of it from
the mail into the address bar, or register again to get a new one.</p>`,
  );
}

function linkOf(fields: URLSearchParams): Link | undefined {
  const mpinId = canonicalMpinId(fields.get('i'));
  const identity = mpinId === undefined ? undefined : parseMpinId(mpinId);
  const key = fields.get('s') ?? '';
  if (mpinId === undefined || identity === undefined) return undefined;
  if (!ACTIVATE_KEY_FORM.test(key)) return undefined;
  return { mpinId, key, identity, expireTime: fields.get('e') ?? '' };
}

function deviceOf(mobile: unknown): string {
  return mobile === 1 ? 'mobile' : 'PC';
}

/** `2026-01-31 13:58` of an ISO time, whichever of the two forms it has (contract §3). */
function shortTime(iso: string): string {
  return iso.slice(0, 'YYYY-MM-DDTHH:MM'.length).replace('T', ' ');
}
