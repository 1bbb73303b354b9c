/** POST pass1 and pass2: the dance over REST (contract §4.6, §4.7). */
import {
  type Answer,
  type Call,
  HttpError,
  JSON_TYPE,
  type JsonObject,
  type Route,
} from '../http/call.js';
import { parseJsonObject } from '../http/json.js';
import { MPIN_ID_BYTES_MAX } from '../protocol/mpin-id.js';
import { after } from '../store/after.js';
import type { Challenge } from '../store/store.js';
import { Dance, type DanceEnd } from './dance.js';
import type { RpsParts } from './parts.js';
import { readMpinId, readPass1, readPass2 } from './pass-messages.js';
import { VERSION } from './replies.js';

/** The longest identity in hex, three points, and room for names, spaces and unknown fields. */
export const PASS_BYTES_MAX = 2 * MPIN_ID_BYTES_MAX + 4096;

/** What it takes to dance. */
export type PassParts = Pick<
  RpsParts,
  | 'options'
  | 'urls'
  | 'clock'
  | 'store'
  | 'verifier'
  | 'admission'
  | 'pinErrors'
  | 'conclude'
  | 'onLogin'
>;

export function passRoutes(parts: PassParts): Route[] {
  const dance = new Dance(parts);
  const { admission, options } = parts;
  const { usePermits } = options;
  type Pass = Pick<Route, 'beginsWork' | 'refuse' | 'handle'>;
  const route = (path: string, pass: Pass): Route => ({
    method: 'POST',
    path: `${parts.urls.prefix}${path}`,
    access: 'public',
    bodyBytesMax: PASS_BYTES_MAX,
    ...pass,
  });
  return [
    route('/pass1', {
      beginsWork: true,
      refuse: () => admission.begin(),
      handle: (call) => {
        const body = readBody(call);
        const pass1 = readPass1(body, usePermits);
        return after(dance.begin(readMpinId(body), pass1, call.peer), pass1Answer);
      },
    }),
    route('/pass2', {
      refuse: () => admission.check(),
      handle: (call) => {
        const body = readBody(call);
        const pass2 = readPass2(body);
        return dance.finish(readMpinId(body), pass2, call.peer).then(pass2Answer);
      },
    }),
  ];
}

/** The answer to pass 1 as JSON text: y is hex, so nothing in it needs to be escaped. */
export function pass1Text({ y }: Challenge): string {
  const hex = Buffer.from(y.buffer, y.byteOffset, y.length).toString('hex');
  return `{"version":"${VERSION}","y":"${hex}","pass":1,"message":"OK"}`;
}

/** The answer to pass 2 as JSON text: tokens are hex and one-time passwords digits. */
export function pass2Text({ authOTT, otp }: DanceEnd): string {
  const withOtp = otp === undefined ? '' : `,"OTP":"${otp}"`;
  return `{"version":"${VERSION}","pass":2,"authOTT":"${authOTT}"${withOtp}}`;
}

function pass1Answer(challenge: Challenge): Answer {
  return { status: 200, body: pass1Text(challenge), contentType: JSON_TYPE };
}

function pass2Answer(end: DanceEnd): Answer {
  return { status: 200, body: pass2Text(end), contentType: JSON_TYPE };
}

function readBody(call: Call): JsonObject {
  const body = parseJsonObject(call.body);
  if (body === undefined) throw new HttpError(403, 'The body is not a JSON object');
  return body;
}
