/** GET manage/getStackInfo: what the hosted side says of us (contract §6, 6). Private. */
import { type Answer, answer, HttpError, type Route } from '../http/call.js';
import { isoSeconds } from '../protocol/clock.js';
import { sign } from '../protocol/signature.js';
import { AuthorityError } from './authority.js';
import type { RpsParts } from './parts.js';

/** Life of manage_auth in milliseconds: whoever holds it may act as the customer for so long. */
const MANAGE_AUTH_MS = 3_600_000;

type StackInfoParts = Pick<RpsParts, 'authority' | 'credentials' | 'clock' | 'log'>;

export function stackInfoRoutes(parts: StackInfoParts): Route[] {
  return [
    {
      method: 'GET',
      path: '/manage/getStackInfo',
      access: 'private',
      handle: () => stackInfo(parts),
    },
  ];
}

async function stackInfo(parts: StackInfoParts): Promise<Answer> {
  const { appId, appKey } = parts.credentials;
  const { managementConsoleURL, licenseInfo } = await settingsOf(parts);
  const expires = isoSeconds(parts.clock.now() + MANAGE_AUTH_MS);
  return answer(200, {
    managementConsoleURL,
    license_info: licenseInfo,
    manage_auth: { signature: sign(appKey, appId, expires), expires, app_id: appId },
  });
}

async function settingsOf({ authority, log }: StackInfoParts) {
  try {
    return await authority.apiSettings();
  } catch (error) {
    if (!(error instanceof AuthorityError)) throw error;
    log.error({ reason: error.reason }, `no API settings: ${error.message}`);
    throw new HttpError(500, 'The hosted side gave no settings');
  }
}
