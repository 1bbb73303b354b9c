/** The hosted share of the server secret, where it is configured (option certivoxServerSecret). */
import type { Credentials } from '../config/credentials.js';
import type { AuthorityClient } from './authority.js';

const G2_HEX = /^[0-9a-f]{256}$/i;

type ShareSource = Pick<AuthorityClient, 'serverSecretShare'>;

/**
 * The authorities, asked for the shares that are not configured.
 * @param setting `dta` to ask for all, `credentials.json`, or the share itself in hex
 * @throws an Error that names the option and never shows its value
 */
export function withGivenShare<T extends ShareSource>(
  authority: T,
  setting: string,
  credentials: Pick<Credentials, 'serverSecretShare'>,
): T {
  if (setting === 'dta') return authority;
  const hex = setting === 'credentials.json' ? credentials.serverSecretShare : setting;
  if (hex === undefined || !G2_HEX.test(hex)) {
    throw new Error(
      setting === 'credentials.json'
        ? 'certivoxServerSecret: the credentials hold no certivox_server_secret of 256 hex digits'
        : 'certivoxServerSecret: not a share of 256 hex digits',
    );
  }
  return {
    ...authority,
    serverSecretShare: async (name) =>
      name === 'hosted'
        ? Uint8Array.from(Buffer.from(hex, 'hex'))
        : authority.serverSecretShare(name),
  };
}
