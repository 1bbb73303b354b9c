/** The hosted share of the server secret, where it is configured (option certivoxServerSecret). */
import { type AuthorityClient, AuthorityError } from './authority.js';

const G2_HEX = /^[0-9a-f]{256}$/i;

/**
 * The authorities, asked for the shares that are not configured.
 * @param setting `dta` to ask for all, `credentials.json`, or the share itself in hex
 * @param credentials read each time, so that a share that is replaced there comes in
 * @throws an Error that names the option and never shows its value
 */
export function withGivenShare<T extends Pick<AuthorityClient, 'sources'>>(
  authority: T,
  setting: string,
  credentials: { readonly serverSecretShare?: string | undefined },
): T {
  if (setting === 'dta') return authority;
  const given = (): string | undefined =>
    setting === 'credentials.json' ? credentials.serverSecretShare : setting;
  if (!G2_HEX.test(given() ?? '')) throw new Error(faultOf(setting));
  const shares = async () => [{ share: shareIn(given()), fromMs: Number.NEGATIVE_INFINITY }];
  const sources = authority.sources.map((source) =>
    source.name === 'hosted' ? { name: source.name, shares } : source,
  );
  return { ...authority, sources };
}

/** Later on credentials without one are like an authority that gives nothing. */
function shareIn(hex: string | undefined): Uint8Array {
  if (hex !== undefined && G2_HEX.test(hex)) return Uint8Array.from(Buffer.from(hex, 'hex'));
  throw new AuthorityError('refused', faultOf('credentials.json'));
}

function faultOf(setting: string): string {
  return setting === 'credentials.json'
    ? 'certivoxServerSecret: the credentials hold no certivox_server_secret of 256 hex digits'
    : 'certivoxServerSecret: not a share of 256 hex digits';
}
