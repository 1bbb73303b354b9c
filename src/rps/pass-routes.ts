/** POST pass1 and pass2: the dance over REST (contract §4.6, §4.7). */
import {
  type Answer,
  answer,
  type Call,
  HttpError,
  type JsonObject,
  type Route,
} from '../http/call.js';
import { parseJsonObject } from '../http/json.js';
import { MPIN_ID_BYTES_MAX } from '../protocol/mpin-id.js';
import { Dance, type DanceEnd } from './dance.js';
import type { RpsParts } from './parts.js';
import { readMpinId, readPass1, readPass2 } from './pass-messages.js';
import { VERSION } from './replies.js';

/** The longest identity in hex, three points, and room for names, spaces and unknown fields. */
export const PASS_BYTES_MAX = 2 * MPIN_ID_BYTES_MAX + 4096;

type PassParts = Pick<
  RpsParts,
  'options' | 'urls' | 'clock' | 'store' | 'verifier' | 'admission' | 'onLogin'
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
      handle: async (call): Promise<Answer> => {
        const body = readBody(call);
        const pass1 = readPass1(body, usePermits);
        const { y } = await dance.begin(readMpinId(body), pass1, call.peer);
        return answer(200, pass1Reply(y));
      },
    }),
    route('/pass2', {
      refuse: () => admission.check(),
      handle: async (call): Promise<Answer> => {
        const body = readBody(call);
        const pass2 = readPass2(body);
        return answer(200, pass2Reply(await dance.finish(readMpinId(body), pass2, call.peer)));
      },
    }),
  ];
}

export function pass1Reply(y: Uint8Array): JsonObject {
  return { version: VERSION, y: Buffer.from(y).toString('hex'), pass: 1, message: 'OK' };
}

export function pass2Reply({ authOTT, otp }: DanceEnd): JsonObject {
  return { version: VERSION, pass: 2, authOTT, ...(otp === undefined ? {} : { OTP: otp }) };
}

function readBody(call: Call): JsonObject {
  const body = parseJsonObject(call.body);
  if (body === undefined) throw new HttpError(403, 'The body is not a JSON object');
  return body;
}
