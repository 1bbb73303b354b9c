/** Certificates as an operator makes them, in a folder that ends with the test. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';

const EC_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export interface CertificatePair {
  readonly certFile: string;
  readonly keyFile: string;
}

export class CertificateFolder {
  readonly #folder = mkdtempSync(join(tmpdir(), 'mpin-tls-'));

  constructor(t: Test) {
    t.teardown(() => rmSync(this.#folder, { recursive: true }));
  }

  path(name: string): string {
    return join(this.#folder, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  /** A certificate of its own word, an authority's or a server's on 127.0.0.1. */
  selfSigned(name: string): CertificatePair {
    const pair = this.#pair(name);
    this.#openssl('req', '-x509', ...EC_KEY, '-days', '2', '-subj', `/CN=${name}`, [
      ...['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'],
      ...['-keyout', pair.keyFile, '-out', pair.certFile],
    ]);
    return pair;
  }

  /** A certificate that `authority`, made here before, has issued. */
  issued(name: string, authority: string, days = 2): CertificatePair {
    const pair = this.#pair(name);
    const request = this.path(`${name}.csr`);
    this.#openssl('req', ...EC_KEY, '-subj', `/CN=${name}`, [
      ...['-keyout', pair.keyFile, '-out', request],
    ]);
    const { certFile, keyFile } = this.#pair(authority);
    this.#openssl('x509', '-req', '-in', request, '-CA', certFile, '-CAkey', keyFile, [
      ...['-CAcreateserial', '-days', `${days}`, '-out', pair.certFile],
    ]);
    return pair;
  }

  /** Puts the files of one pair in the place of another's, as a renewal does. */
  replace(target: CertificatePair, source: CertificatePair): void {
    copyFileSync(source.certFile, target.certFile);
    copyFileSync(source.keyFile, target.keyFile);
  }

  #pair(name: string): CertificatePair {
    return { certFile: this.path(`${name}.pem`), keyFile: this.path(`${name}.key`) };
  }

  #openssl(...args: (string | readonly string[])[]): void {
    execFileSync('openssl', args.flat(), { stdio: 'pipe' });
  }
}
