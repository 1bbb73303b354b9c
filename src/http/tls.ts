/**
 * Certificates of a server that speaks TLS itself. uWebSockets.js reads the files on its own and
 * says no more than that it failed; here they are looked at first, so that a mistake is named and
 * half of a renewal is never taken for the whole.
 */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** Paths of PEM files. */
export interface TlsFiles {
  /** The server's certificate, then those up to its authority. */
  readonly certFile: string;
  /** Its private key, not encrypted. */
  readonly keyFile: string;
  /** Authorities of client certificates that private routes demand; absent: none demanded. */
  readonly clientCaFile?: string;
}

/** What the files held when they were looked at. */
export interface TlsState {
  /** Changes with every change of any of the files. */
  readonly fingerprint: string;
  /** When the server's certificate ends, in milliseconds since the epoch. */
  readonly endsAtMs: number;
}

/**
 * TLS 1.2 suites: forward secret and authenticated encryption only (RFC 9325 §4.2). Those of
 * TLS 1.3 are all of that kind, and nothing older than 1.2 is spoken at all.
 */
export const TLS_CIPHERS =
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:' +
  'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:' +
  'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305';

/**
 * Looks at the files.
 * @throws Error that names the file and what is wrong with it; a key is never in it
 */
export function readTls({ certFile, keyFile, clientCaFile }: TlsFiles): TlsState {
  const hash = createHash('sha256');
  const take = (file: string): Buffer => {
    const bytes = readFileSync(file);
    // Their lengths keep bytes from moving between files unseen.
    hash.update(`${bytes.length}:`).update(bytes);
    return bytes;
  };
  const certificate = certificateOf(certFile, take(certFile));
  let key: ReturnType<typeof createPrivateKey>;
  try {
    key = createPrivateKey(take(keyFile));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    throw new Error(`${keyFile}: no private key in PEM, or an encrypted one`);
  }
  if (!certificate.checkPrivateKey(key)) {
    throw new Error(`${keyFile}: not the key of the certificate in ${certFile}`);
  }
  if (clientCaFile !== undefined) certificateOf(clientCaFile, take(clientCaFile));
  return { fingerprint: hash.digest('hex'), endsAtMs: Date.parse(certificate.validTo) };
}

function certificateOf(file: string, bytes: Buffer): X509Certificate {
  try {
    return new X509Certificate(bytes);
  } catch {
    throw new Error(`${file}: no certificate in PEM`);
  }
}
