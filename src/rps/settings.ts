/** GET clientSettings: all that a client needs to know to start (contract §4.1, §1 rules 5–8). */
import { type Answer, answer, type Route } from '../http/call.js';
import { randomToken } from '../protocol/tokens.js';
import type { RpsParts } from './parts.js';

/** The old servers' whole set: settings change, and old browsers knew only some of these. */
const NEVER_CACHED = {
  'Cache-Control': 'no-cache, no-store, max-age=0, must-revalidate',
  Pragma: 'no-cache',
  Expires: 'Sat, 26 Jul 1997 05:00:00 GMT',
};

const DIGITS_WITH_CHECK = 7;
const DIGITS_WITHOUT_CHECK = 6;
/** The check digit algorithm of contract §4.8; clients that miss it use an older one. */
const CHECK_SUM_ALGORITHM = 1;

type SettingsParts = Pick<RpsParts, 'options' | 'credentials' | 'urls' | 'permitsStorageURL'>;

export function settingsRoutes(parts: SettingsParts): Route[] {
  return [
    {
      method: 'GET',
      path: `${parts.urls.prefix}/clientSettings`,
      access: 'public',
      handle: () => clientSettings(parts),
    },
  ];
}

function clientSettings(parts: SettingsParts): Answer {
  const { options, credentials, urls } = parts;
  const storage = parts.permitsStorageURL();
  const settings = {
    certivoxURL: credentials.apiUrl,
    mpinAuthServerURL: options.MPinAuthenticationServer.replace(/\/+$/, '') || urls.api,
    registerURL: `${urls.api}/user`,
    signatureURL: `${urls.api}/signature`,
    setupDoneURL: `${urls.api}/setupDone`,
    timePermitsURL: `${urls.api}/timePermit`,
    mobileAuthenticateURL: `${urls.api}/authenticate`,
    getQrUrl: `${urls.api}/getQrUrl`,
    codeStatusURL: `${urls.api}/codeStatus`,
    authenticateURL: options.RPAAuthenticateUserURL,
    appID: credentials.appId,
    seedValue: randomToken(options.seedValueLength),
    requestOTP: options.requestOTP,
    setDeviceName: options.setDeviceName,
    useNFC: options.useNFC,
    usePermits: options.usePermits,
    useWebSocket: options.useWebSocket,
    accessNumberUseCheckSum: options.accessNumberUseCheckSum,
    accessNumberDigits: options.accessNumberUseCheckSum ? DIGITS_WITH_CHECK : DIGITS_WITHOUT_CHECK,
    cSum: CHECK_SUM_ALGORITHM,
    // Of our own: clients look up the names they know, and pass over all others.
    maxInvalidLoginAttempts: options.maxInvalidLoginAttempts,
    ...(options.furtherAuthorityURLs.length === 0
      ? {}
      : { authorityURLs: options.furtherAuthorityURLs }),
    // Clients cope with its absence better than with a URL that is none.
    ...(storage === undefined ? {} : { timePermitsStorageURL: storage }),
    ...(options.requestOTP ? {} : accessNumberUrls(urls.api, options.accessNumberURL)),
    ...optionalSettings(options),
  };
  return answer(200, settings, NEVER_CACHED);
}

/** One URL cannot carry both polls: their replies differ (contract §1, 6). */
function accessNumberUrls(api: string, poll: string): Record<string, string> {
  return { accessNumberURL: `${api}/${poll}`, getAccessNumberURL: `${api}/getAccessNumber` };
}

/** Sent only when configured; the two documents spell one of them differently. */
function optionalSettings(options: SettingsParts['options']): Record<string, string> {
  const { successLoginURL, identityCheckRegex } = options;
  return {
    ...(successLoginURL === '' ? {} : { successLoginURL, successfulLoginURL: successLoginURL }),
    ...(identityCheckRegex === '' ? {} : { identityCheckRegex }),
  };
}
