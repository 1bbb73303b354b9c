/** The file an application gets when it registers (contract §7): who it is and its signing key. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface Credentials {
  readonly appId: string;
  /** Used as text, never decoded (contract §7). Secret. */
  readonly appKey: string;
  /** The key before a rotation, as long as others may still sign with it. Secret. */
  readonly previousAppKey?: string;
  /** Base of the hosted services, with its final slash. */
  readonly apiUrl: string;
  /** The hosted share of the server secret, when the file carries it: 256 hex. Secret. */
  readonly serverSecretShare?: string;
}

const APP_ID_BYTES = 16;
const APP_KEY_BYTES = 32;

/** Reads credentials.json; throws an Error that names the file and what is wrong with it. */
export function readCredentials(file: string): Credentials {
  return toCredentials(parseObject(file), file);
}

/**
 * Reads it anew, where `before` was read once. Throws also when it is now of another application:
 * whatever holds that one's app_id would go on with it.
 */
export function readSameCredentials(file: string, before?: Credentials): Credentials {
  const now = readCredentials(file);
  if (before === undefined || now.appId === before.appId) return now;
  throw new Error(`${file}: of another application than before, which needs a restart`);
}

/** Credentials of a content that came otherwise; `where` names it. */
export function toCredentials(
  fields: Readonly<Record<string, unknown>>,
  where: string,
): Credentials {
  const need = (name: string): string => {
    const value = fields[name];
    if (typeof value !== 'string' || value === '') {
      throw new Error(`${where}: "${name}" is missing or not a text`);
    }
    return value;
  };
  const apiUrl = need('api_url');
  const share = fields['certivox_server_secret'];
  const previous = fields['previous_app_key'];
  return {
    appId: need('app_id'),
    appKey: need('app_key'),
    apiUrl: apiUrl.endsWith('/') ? apiUrl : `${apiUrl}/`,
    ...(typeof share === 'string' ? { serverSecretShare: share } : {}),
    ...(typeof previous === 'string' && previous !== '' ? { previousAppKey: previous } : {}),
  };
}

/** New credentials for an application that signs with a key of its own making. */
export function issueCredentials(apiUrl: string): Credentials {
  return {
    appId: randomBytes(APP_ID_BYTES).toString('hex'),
    appKey: randomBytes(APP_KEY_BYTES).toString('hex'),
    apiUrl,
  };
}

/** The text of a credentials.json. */
export function credentialsJson(credentials: Credentials): string {
  const { appId, appKey, apiUrl, previousAppKey, serverSecretShare } = credentials;
  const fields = {
    app_id: appId,
    app_key: appKey,
    api_url: apiUrl,
    previous_app_key: previousAppKey,
    certivox_server_secret: serverSecretShare,
  };
  return `${JSON.stringify(fields, null, 2)}\n`;
}

function parseObject(file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // The parser's own words quote the file, and the file holds a key.
    const reason = error instanceof SyntaxError ? 'not valid JSON' : (error as Error).message;
    throw new Error(`${file}: ${reason}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`${file}: not a JSON object`);
  }
  return value as Record<string, unknown>;
}
