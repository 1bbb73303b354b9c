/** A whole system in this process: any number of authorities, RPS, relying party and a client. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Client, createClient } from '../../src/client/client.js';
import { nativeCrypto } from '../../src/client/crypto-native.js';
import type { StoredIdentity } from '../../src/client/storage.js';
import { fetchTransport } from '../../src/client/transport.js';
import { credentialsJson, issueCredentials } from '../../src/config/credentials.js';
import type { HostedOptions } from '../../src/config/hosted.js';
import { loadOptions } from '../../src/config/load.js';
import { rpaOptions } from '../../src/config/rpa.js';
import { type RpsOptions, rpsOptions } from '../../src/config/rps.js';
import type { RunningRole } from '../../src/ops/role.js';
import { startRpa } from '../../src/rpa/rpa.js';
import { startRps } from '../../src/rps/rps.js';
import { startDta } from '../../src/ta/dta.js';
import { startHosted } from '../../src/ta/hosted.js';
import { freePorts } from '../e2e/program.js';
import { dtaOptionsIn, folderOf, hostedOptionsIn, quietContext } from './services.js';

export type Context = ReturnType<typeof quietContext>;

export interface System {
  readonly context: Context;
  readonly folder: string;
  /** One for each: `dta-0.json`, `hosted-0.json` … */
  readonly backups: readonly string[];
  readonly rps: RunningRole;
  /** A client of its own storage. */
  client(): Client;
  /** 200 for a login, else the code of the client's error. */
  login(client: Client, userId: string, pin?: string): Promise<number | string>;
}

export interface SystemOptions {
  readonly dtas?: number;
  readonly hosted?: number;
  readonly rps?: Partial<RpsOptions>;
  readonly hostedOptions?: Partial<HostedOptions>;
}

export async function startSystem(t: Test, asked: SystemOptions = {}): Promise<System> {
  const context = quietContext();
  const folder = folderOf(t);
  const roles: RunningRole[] = [];
  t.teardown(async () => {
    for (const role of roles.reverse()) await role.stop();
  });
  const kept = <T extends RunningRole>(role: T): T => {
    roles.push(role);
    return role;
  };
  const file = join(folder, 'credentials.json');
  const credentials = issueCredentials('http://127.0.0.1:1/');
  writeFileSync(file, credentialsJson(credentials));
  const names = (kind: string, count: number) =>
    Array.from({ length: count }, (_, index) => join(folder, `${kind}-${index}.json`));
  const dtas: RunningRole[] = [];
  const dtaBackups = names('dta', asked.dtas ?? 1);
  for (const backup_file of dtaBackups) {
    const options = { ...dtaOptionsIn(folder, { backup_file }), credentialsFile: file };
    dtas.push(kept(await startDta(options, context)));
  }
  const hosted: string[] = [];
  const hostedBackups = names('hosted', asked.hosted ?? 1);
  for (const backup_file of hostedBackups) {
    const options = {
      ...hostedOptionsIn(folder, { backup_file }),
      credentialsFile: [file],
      // Each publishes shares of its own.
      permitsFolder: `${backup_file}.permits`,
      permitsIdentitiesFolder: `${backup_file}.identities`,
      ...asked.hostedOptions,
    };
    hosted.push(kept(await startHosted(options, context)).apiUrl);
  }
  const [apiUrl = '', ...furtherAuthorityURLs] = hosted;
  writeFileSync(file, credentialsJson({ ...credentials, apiUrl }));
  const { rps, rpaUrl } = await startPublic(context, kept, {
    credentialsFile: file,
    DTALocalURL: dtas.map(({ address }) => address).join(),
    furtherAuthorityURLs,
    ...asked.rps,
  });
  return {
    context,
    folder,
    backups: [...dtaBackups, ...hostedBackups],
    rps,
    client: () => clientOf(rpaUrl),
    login: (client, userId, pin = '1234') =>
      client.login({ userId, pin }).then(
        () => 200,
        (error: { code?: string; message: string }) => error.code ?? error.message,
      ),
  };
}

/** RPS and relying party, which know one another's addresses. */
export async function startPublic(
  context: Context,
  kept: (role: RunningRole) => RunningRole,
  more: Partial<RpsOptions>,
): Promise<{ rps: RunningRole; rpaUrl: string }> {
  const [port] = await freePorts(1);
  const rpaUrl = `http://127.0.0.1:${port}`;
  const options = {
    ...loadOptions(rpsOptions, { env: {}, flags: {} }),
    port: 0,
    cryptoThreads: 1,
    rpsBaseURL: rpaUrl,
    RPAVerifyUserURL: `${rpaUrl}/mpinVerify`,
    RPAAuthenticateUserURL: `${rpaUrl}/mpinAuthenticate`,
    serverSecretRefreshSeconds: 1,
    ...more,
  };
  const rps = kept(await startRps(options, context));
  const flags = { port: `${port}`, RPSURL: rps.address, baseURL: rpaUrl };
  const rpa = loadOptions(rpaOptions, { env: {}, flags });
  kept(await startRpa(rpa, context, { showLink: () => undefined }));
  await rps.ready;
  return { rps, rpaUrl };
}

export function clientOf(baseUrl: string): Client {
  const stored = new Map<string, StoredIdentity>();
  return createClient({
    baseUrl,
    transport: fetchTransport(() => {
      throw new Error('no WebSocket here');
    }),
    crypto: nativeCrypto,
    storage: {
      load: async ({ userId }) => stored.get(userId),
      save: async ({ userId }, identity) => void stored.set(userId, identity),
      remove: async ({ userId }) => void stored.delete(userId),
    },
  });
}
