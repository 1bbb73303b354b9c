/** Pass 1 and pass 2, over REST (contract §4.6, §4.7) or over one WebSocket (contract §5). */
import type { Pass1Input } from './crypto.js';
import { ClientError } from './errors.js';
import { fromHex, toHex } from './hex.js';
import { type ClientParts, SCALAR_BYTES } from './parts.js';
import { type Fields, fieldsOf, parseObject, type Settings } from './settings.js';
import type { Channel } from './transport.js';

/** One message each way; which pass it is stands in the message. */
type Exchange = (message: Fields) => Promise<Fields>;

/** Proves the PIN without sending it. The authOTT it ends with says nothing about the outcome. */
export async function dance(
  parts: ClientParts,
  settings: Settings,
  { webSocket, input }: { webSocket: boolean; input: Pass1Input },
): Promise<string> {
  if (!webSocket) {
    const mpinId = toHex(input.mpinId);
    return prove(parts, input, overRest(parts, settings, mpinId));
  }
  const url = `${settings.authServerUrl.replace(/^http/, 'ws')}/authenticationToken`;
  const channel = await parts.transport.openChannel(url);
  try {
    return await prove(parts, input, overChannel(channel));
  } finally {
    channel.close();
  }
}

async function prove(
  { crypto }: ClientParts,
  input: Pass1Input,
  exchange: Exchange,
): Promise<string> {
  const { x, u, ut, sec } = await crypto.pass1(input);
  try {
    const mpinId = toHex(input.mpinId);
    const UT = ut === undefined ? '' : toHex(ut);
    const first = await exchange({ mpin_id: mpinId, UT, U: toHex(u), pass: 1 });
    const y = fromHex(first['y'], 'challenge', SCALAR_BYTES);
    const v = await crypto.pass2({ x, y, sec });
    const second = await exchange({ V: toHex(v), OTP: 0, WID: '0', pass: 2 });
    const { authOTT } = second;
    if (typeof authOTT !== 'string') throw new ClientError('protocol', 'the reply lacks authOTT');
    return authOTT;
  } finally {
    x.fill(0);
    sec.fill(0);
  }
}

function overRest({ transport }: ClientParts, settings: Settings, mpinId: string): Exchange {
  return async (message) => {
    const url = `${settings.authServerUrl}/pass${message['pass']}`;
    const body = { ...message, mpin_id: mpinId };
    return fieldsOf(await transport.request({ method: 'POST', url, body }), 'authentication');
  };
}

function overChannel(channel: Channel): Exchange {
  return async (message) => {
    channel.send(message);
    const fields = parseObject(await channel.receive());
    if (fields === undefined || fields['pass'] !== message['pass']) {
      throw new ClientError('protocol', 'authentication: the server ended the dance');
    }
    return fields;
  };
}
