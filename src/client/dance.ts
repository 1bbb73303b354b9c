/** Pass 1 and pass 2, over REST (contract §4.6, §4.7) or over one WebSocket (contract §5). */
import type { Pass1Input } from './crypto.js';
import { ClientError } from './errors.js';
import { fromHex, toHex } from './hex.js';
import { type Connected, SCALAR_BYTES } from './parts.js';
import { type Fields, fieldsOf, parseObject } from './settings.js';
import type { Channel } from './transport.js';

/** One message each way; which pass it is stands in the message. */
type Exchange = (message: Fields) => Promise<Fields>;

export interface DanceRequest {
  readonly input: Pass1Input;
  /** `advertised`: over a WebSocket where the server offers it, and over REST if that fails. */
  readonly webSocket: boolean | 'advertised';
  /** Ask for a one-time password. */
  readonly otp?: boolean;
  /** Access number or QR code of the browser that is to be logged in; none: this one. */
  readonly wid?: string;
}

export interface Proof {
  /** Says nothing about the outcome: the relying party learns it with this. */
  readonly authOTT: string;
  readonly otp: string | undefined;
}

/** Proves the PIN without sending it. */
export async function dance(on: Connected, request: DanceRequest): Promise<Proof> {
  const { webSocket } = request;
  if (webSocket === false) return overRest(on, request);
  if (webSocket === true) return overWebSocket(on, request);
  if (!on.settings.useWebSocket) return overRest(on, request);
  try {
    return await overWebSocket(on, request);
  } catch (error) {
    // Proxies that eat WebSockets are common; what the server itself said stands.
    if (!(error instanceof ClientError) || error.code !== 'unreachable') throw error;
    return overRest(on, request);
  }
}

async function overWebSocket(on: Connected, request: DanceRequest): Promise<Proof> {
  const url = `${on.settings.authServerUrl.replace(/^http/, 'ws')}/authenticationToken`;
  const channel = await on.transport.openChannel(url);
  try {
    return await prove(on, request, (message) => exchangeFrames(channel, message));
  } finally {
    channel.close();
  }
}

function overRest(on: Connected, request: DanceRequest): Promise<Proof> {
  const { transport, settings } = on;
  const mpinId = toHex(request.input.mpinId);
  return prove(on, request, async (message) => {
    const url = `${settings.authServerUrl}/pass${message['pass']}`;
    const body = { ...message, mpin_id: mpinId };
    return fieldsOf(await transport.request({ method: 'POST', url, body }), 'authentication');
  });
}

async function prove(
  { crypto, onStep }: Connected,
  { input, otp, wid }: DanceRequest,
  exchange: Exchange,
): Promise<Proof> {
  onStep?.('pass1');
  const { x, u, ut, sec } = await crypto.pass1(input);
  try {
    const mpinId = toHex(input.mpinId);
    const UT = ut === undefined ? '' : toHex(ut);
    const first = await exchange({ mpin_id: mpinId, UT, U: toHex(u), pass: 1 });
    const y = fromHex(first['y'], 'challenge', SCALAR_BYTES);
    onStep?.('pass2');
    const v = await crypto.pass2({ x, y, sec });
    const second = await exchange({ V: toHex(v), OTP: otp ? 1 : 0, WID: wid ?? '0', pass: 2 });
    const { authOTT, OTP } = second;
    if (typeof authOTT !== 'string') throw new ClientError('protocol', 'the reply lacks authOTT');
    return { authOTT, otp: typeof OTP === 'string' ? OTP : undefined };
  } finally {
    x.fill(0);
    sec.fill(0);
  }
}

async function exchangeFrames(channel: Channel, message: Fields): Promise<Fields> {
  channel.send(message);
  const fields = parseObject(await channel.receive());
  if (fields === undefined || fields['pass'] !== message['pass']) {
    throw new ClientError('protocol', 'authentication: the server ended the dance');
  }
  return fields;
}
