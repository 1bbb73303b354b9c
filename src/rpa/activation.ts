/** What the RPS asks of a relying party, and the page behind an activation link. */
import { type Answer, answer, type Call, HttpError, queryOf, type Route } from '../http/call.js';
import { parseJsonObject, textField } from '../http/json.js';
import { canonicalMpinId, parseMpinId } from '../protocol/mpin-id.js';
import { html, page } from './pages.js';
import type { RpsClient } from './rps-client.js';

export interface ActivationOptions {
  readonly rps: RpsClient;
  /** Where the activation page lies, absolute. */
  readonly activationUrl: string;
  readonly forceActivate: boolean;
  /** Hands a link over to its person. It opens the account: it must go nowhere else. */
  readonly deliver: (userId: string, link: string) => void;
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
      handle: () => answer(200, { message: 'OK' }),
    },
    { method: 'GET', path, access: 'public', handle: askPage },
    { method: 'POST', path, access: 'public', handle: (call) => activate(options, call) },
  ];
}

/** The RPS asks whether the person is who they say; we ask the person, or just believe it. */
function verify(options: ActivationOptions, { body }: Call): Answer {
  const fields = parseJsonObject(body);
  if (fields === undefined) throw new HttpError(400, 'BAD REQUEST. INVALID JSON');
  const need = (name: string): string => {
    const value = textField(fields, name);
    if (value === undefined) throw new HttpError(400, `BAD REQUEST. INVALID "${name}"`);
    return value;
  };
  const userId = need('userId');
  const link = new URL(options.activationUrl);
  link.searchParams.set('i', need('mpinId'));
  link.searchParams.set('e', need('expireTime'));
  link.searchParams.set('s', need('activateKey'));
  if (!Number.isInteger(fields['mobile']))
    throw new HttpError(400, 'BAD REQUEST. INVALID "mobile"');
  if (!options.forceActivate) options.deliver(userId, link.href);
  return answer(200, { forceActivate: options.forceActivate });
}

/** A link may be opened by a mail scanner: only the button activates. */
function askPage(call: Call): Answer {
  const query = queryOf(call);
  const { mpinId, key, identity } = activationOf(query.get('i'), query.get('s'));
  return page(
    200,
    'Confirm your identity',
    html`<p>Someone, hopefully you, has asked to log in here as <b>${identity.userID}</b>
with a ${identity.mobile === 1 ? 'mobile' : 'PC'}, on ${identity.issued}.</p>
<form method="post"><input type="hidden" name="i" value="${mpinId}">
<input type="hidden" name="s" value="${key}"><button>Yes, that was me</button></form>`,
  );
}

async function activate({ rps }: ActivationOptions, { body }: Call): Promise<Answer> {
  const form = new URLSearchParams(Buffer.from(body).toString('utf8'));
  const { mpinId, key, identity } = activationOf(form.get('i'), form.get('s'));
  const { status } = await rps.activate(mpinId, key);
  if (status === 200) {
    return page(
      200,
      'Confirmed',
      html`<p><b>${identity.userID}</b> is confirmed. Go back and set your PIN.</p>`,
    );
  }
  return page(
    status < 500 ? status : 502,
    'Not confirmed',
    html`<p>The link is wrong or has expired. Register again to get a new one.</p>`,
  );
}

function activationOf(id: string | null | undefined, key: string | null | undefined) {
  const mpinId = canonicalMpinId(id);
  const identity = mpinId === undefined ? undefined : parseMpinId(mpinId);
  if (mpinId === undefined || identity === undefined || !ACTIVATE_KEY_FORM.test(key ?? '')) {
    throw new HttpError(400, 'not an activation link');
  }
  return { mpinId, key: key ?? '', identity };
}
