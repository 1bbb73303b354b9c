/** Who runs where in `mpin up`, and what each part is told of the others. */
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { UpOptions } from '../config/up.js';
import type { ChildSpec } from './child.js';
import type { DataFolder } from './up-data.js';

const LOOPBACK = '127.0.0.1';
const LOOPBACK_NETWORKS = ['127.0.0.0/8', '::1/128'] as const;
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', '']);

export interface Urls {
  /** Of the relying party as browsers are told it, without a final slash. */
  readonly rpa: string;
  /** The same as this machine reaches it. */
  readonly rpaInside: string;
  /** Of the hosted proxy as browsers are told it, with its final slash as credentials have it. */
  readonly hosted: string;
}

export function urlsOf(options: UpOptions): Urls {
  const { host, rpaPort, hostedPort } = options;
  const known = options.publicHost || (isWildcard(host) ? ownAddress() : host);
  return {
    rpa: urlOf(known, rpaPort),
    rpaInside: urlOf(within(host), rpaPort),
    hosted: `${urlOf(known, hostedPort)}/`,
  };
}

/**
 * The flags of each part, in stages: the RPS asks the authorities for its secret, and people come
 * through the relying party once the rest is there.
 */
export function planOf(options: UpOptions, urls: Urls, data: DataFolder): ChildSpec[][] {
  const { host, dtaHost, rpsHost, logLevel } = options;
  const common = { logLevel };
  // All parts read the clock of one machine.
  const clock = { syncTime: 'false' };
  const authority = {
    ...common,
    credentialsFile: data.credentials,
    passphraseFile: data.passphrase,
  };
  const authorities = [
    child('dta', {
      ...authority,
      ...clock,
      address: dtaHost,
      port: options.dtaPort,
      backup_file: data.dtaBackup,
      allowFrom: neighbours(dtaHost),
      // Whoever named another address has decided.
      allowPublicAddress: 'true',
    }),
    child('hosted', {
      ...authority,
      address: host,
      port: options.hostedPort,
      dtaPort: options.hostedDtaPort,
      backup_file: data.hostedBackup,
      permitsFolder: data.permits,
      permitsIdentitiesFolder: data.identities,
      apiUrl: urls.hosted,
    }),
  ];
  const rps = [
    child('rps', {
      ...common,
      ...clock,
      address: rpsHost,
      port: options.rpsPort,
      credentialsFile: data.credentials,
      DTALocalURL: urlOf(within(dtaHost), options.dtaPort),
      storage: 'memory',
      rpsBaseURL: urls.rpa,
      RPAVerifyUserURL: `${urls.rpaInside}/mpinVerify`,
      RPAPermitUserURL: `${urls.rpaInside}/mpinPermitUser`,
      RPAAuthenticateUserURL: `${urls.rpa}/mpinAuthenticate`,
      waitForLoginResult: 'true',
      trustedProxies: neighbours(rpsHost),
    }),
  ];
  const rpa = [
    child('rpa', {
      ...common,
      address: host,
      port: options.rpaPort,
      RPSURL: urlOf(within(rpsHost), options.rpsPort),
      baseURL: urls.rpa,
      allowFrom: neighbours(host),
    }),
  ];
  return [authorities, rps, rpa];
}

/** True when browsers of other machines are meant to come. */
export function isExposed({ host }: UpOptions): boolean {
  return host !== 'localhost' && host !== '::1' && !host.startsWith('127.');
}

function child(name: string, flags: Readonly<Record<string, string | number>>): ChildSpec {
  return { name, args: Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`) };
}

/** This machine calls itself from loopback, or from the very address that is listened on. */
function neighbours(host: string): string {
  const own = isIP(host) !== 0 && !isWildcard(host) ? [host] : [];
  return [...LOOPBACK_NETWORKS, ...own].join(',');
}

/** How this machine reaches a part that listens on `host`. */
function within(host: string): string {
  return isWildcard(host) ? LOOPBACK : host;
}

function isWildcard(host: string): boolean {
  return WILDCARDS.has(host);
}

function urlOf(host: string, port: number): string {
  return `http://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
}

/** The first address others may know this machine by. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return all.find(({ internal, family }) => !internal && family === 'IPv4')?.address ?? LOOPBACK;
}
