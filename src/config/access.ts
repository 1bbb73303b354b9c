/** Options on who may call, over what, and what is written down of it. */
import { bool, int, list, type OptionTable, path, port, secret, text } from './option.js';

/** TLS by the role itself, instead of by a proxy in front of it. */
export const tlsOptions = {
  tlsCertFile: path(
    '',
    'Certificate (PEM, with those of its issuers) for TLS 1.2 and 1.3 by this process; a renewed ' +
      'file is in use within a minute, at once after SIGHUP. Empty for none',
  ),
  tlsKeyFile: path('', 'Private key (PEM, not encrypted) of tlsCertFile'),
} as const satisfies OptionTable;

/** Certificate and key of a listener by the paths of two options; undefined when both are empty. */
export function certificateFiles<Cert extends string, Key extends string>(
  options: Readonly<Record<Cert | Key, string>>,
  certOption: Cert,
  keyOption: Key,
): { readonly certFile: string; readonly keyFile: string } | undefined {
  const { [certOption]: certFile, [keyOption]: keyFile } = options;
  if (certFile === '' && keyFile === '') return undefined;
  if (certFile !== '' && keyFile !== '') return { certFile, keyFile };
  throw new Error(`${certOption} and ${keyOption} go together`);
}

/** What {@link tlsOptions} say. */
export function tlsFiles(options: { readonly tlsCertFile: string; readonly tlsKeyFile: string }) {
  return certificateFiles(options, 'tlsCertFile', 'tlsKeyFile');
}

/** Who may call the private routes of the RPS, beside the networks in privateAllow. */
export const privateOptions = {
  privateAddress: text(
    '',
    'Address of a second listener that alone serves the private routes; empty serves them beside ' +
      'the public ones',
  ),
  privatePort: port(8012, 'Port of that listener; 0 for any free one'),
  privateTlsCertFile: path('', 'Certificate (PEM) for TLS on that listener; empty for none'),
  privateTlsKeyFile: path('', 'Private key (PEM, not encrypted) of privateTlsCertFile'),
  rpaCaFile: path(
    '',
    'Authorities (PEM) one of which must have issued the client certificate of whoever calls a ' +
      'private route (mutual TLS); needs TLS on the listener of those. Empty for none',
  ),
  rpaSecret: secret(
    '',
    'What whoever calls a private route must send as "Authorization: Bearer <rpaSecret>"; empty ' +
      'for none. Probes of /health need not',
  ),
} as const satisfies OptionTable;

/** What the RPS tells the RPA of a client, and asks it about a person. */
export const rpaCallOptions = {
  RegisterForwardUserHeaders: list(
    [],
    'Headers of PUT user that are handed on to RPAVerifyUserURL; * for all that are about the ' +
      'client. X-Forwarded-* only as trustedProxies sent them',
  ),
  permitStatusOfRPA: bool(
    false,
    'Answer timePermit with the very 4xx by which the RPA refuses it, as the old server did, ' +
      'instead of 410, which is what all clients take for "revoked"',
    { dynamic: true },
  ),
  permitAtAuthenticate: bool(
    false,
    'Ask RPAPermitUserURL once more when a right PIN is reported: who was revoked since the time ' +
      'permit of the day gets 403',
    { dynamic: true },
  ),
} as const satisfies OptionTable;

/** The audit log. */
export const auditOptions = {
  auditLog: text(
    '',
    'Where each registration, activation, login, failure, lock, unlock and revocation gets a ' +
      'line of JSON: a file, stdout or stderr. SIGHUP opens the file anew. Empty for nowhere',
  ),
  auditKey: secret(
    '',
    'Key of the pseudonyms that stand for identities in the audit log. Equal keys make lines of ' +
      'several instances comparable; empty derives it from the app_key',
  ),
  auditBytesMax: int(
    8_388_608,
    'bytes',
    'Lines that may wait for a slow disk; further ones are lost, counted and warned of',
    { min: 65_536, max: 1_073_741_824 },
  ),
} as const satisfies OptionTable;
