/** All of a deployment on free ports: authorities, three instances, a relying party, a balancer. */
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { credentialsJson, issueCredentials } from '../../src/config/credentials.js';
import type { Registered } from '../e2e/independent-client.js';
import { freePorts, ROOT, type Run, startMpin, until } from '../e2e/program.js';
import type { Job, Outcome } from './login-process.js';

const LOOPBACK = '127.0.0.1';
/** Ports of the committed configurations, in the order in which free ones take their places. */
const INSTANCE_PORTS = ['8011', '8012', '8013'];

export interface Balancer {
  /** Of clients, with TLS. */
  readonly url: string;
  /** Of the relying party. */
  readonly privateUrl: string;
}

export class Deployment {
  readonly folder: string;
  readonly #processes: ChildProcess[] = [];
  readonly #runs: Run[] = [];
  #dta = '';
  #instances: { readonly run: Run; readonly url: string }[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Starts the authorities and makes a certificate. */
  static async start(folder: string): Promise<Deployment> {
    const deployment = new Deployment(folder);
    const [dta, hosted, hostedDta] = await freePorts(3);
    const apiUrl = `http://${LOOPBACK}:${hosted}/`;
    writeFileSync(join(folder, 'credentials.json'), credentialsJson(issueCredentials(apiUrl)));
    writeFileSync(join(folder, 'passphrase'), 'of a test\n');
    deployment.makeCertificate();
    const authority = (name: string, ...ports: string[]) =>
      deployment.mpin(name, '--passphraseFile=passphrase', `--backup_file=${name}.json`, ...ports);
    authority('dta', `--port=${dta}`);
    authority('hosted', `--port=${hosted}`, `--dtaPort=${hostedDta}`, `--apiUrl=${apiUrl}`);
    deployment.#dta = `http://${LOOPBACK}:${dta}`;
    return deployment;
  }

  get certificate(): string {
    return join(this.folder, 'fullchain.pem');
  }

  /** Three instances that share what `storage` says, behind a balancer and a relying party. */
  async serve(kind: 'nginx' | 'haproxy', storage: readonly string[]): Promise<Balancer> {
    const [port, privatePort, rpaPort, ...ports] = await freePorts(3 + INSTANCE_PORTS.length);
    const balancer = {
      url: `https://localhost:${port}`,
      privateUrl: `http://${LOOPBACK}:${privatePort}`,
    };
    const rpa = `http://${LOOPBACK}:${rpaPort}`;
    this.#instances = ports.map((own) => ({
      url: `http://${LOOPBACK}:${own}`,
      run: this.mpin(
        'rps',
        `--port=${own}`,
        `--DTALocalURL=${this.#dta}`,
        `--rpsBaseURL=${balancer.url}`,
        `--RPAVerifyUserURL=${rpa}/mpinVerify`,
        `--RPAPermitUserURL=${rpa}/mpinPermitUser`,
        `--RPAAuthenticateUserURL=${rpa}/mpinAuthenticate`,
        `--trustedProxies=${LOOPBACK}`,
        '--addressFailuresPerMinute=1',
        '--addressFailuresBurst=4',
        '--cryptoThreads=1',
        ...storage,
      ),
    }));
    this.mpin('rpa', `--port=${rpaPort}`, `--RPSURL=${balancer.privateUrl}`, `--baseURL=${rpa}`);
    await this.#untilAllReady();
    const values = {
      port: String(port),
      privatePort: String(privatePort),
      ports: ports.map(String),
    };
    if (kind === 'nginx') await this.#startNginx(values);
    else await this.#startHaproxy(values);
    await until('the relying party', async () => (await statusOf(`${rpa}/`)) === 200);
    return balancer;
  }

  /** Requests that each instance has answered with 200, by route. */
  async served(route: string): Promise<number[]> {
    const name = `mpin_http_request_duration_seconds_count{route="${route}",status="200"}`;
    return Promise.all(
      this.#instances.map(async ({ url }) => {
        const text = await (await fetch(`${url}/metrics`)).text();
        const line = text.split('\n').find((one) => one.startsWith(name));
        return Number(line?.slice(name.length) ?? 0);
      }),
    );
  }

  instance(index: number): { readonly run: Run; readonly url: string } {
    return this.#instances[index] as { readonly run: Run; readonly url: string };
  }

  /** A client process that trusts the certificate; ends with the deployment. */
  client(): Client {
    const child = fork(join(import.meta.dirname, 'login-process.ts'), {
      env: { ...process.env, NODE_EXTRA_CA_CERTS: this.certificate },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.#processes.push(child);
    return new Client(child);
  }

  async stop(): Promise<void> {
    for (const { child } of this.#runs) child.kill('SIGTERM');
    for (const child of this.#processes) child.kill('SIGTERM');
    await Promise.all([
      ...this.#runs.map(({ ended }) => ended),
      ...this.#processes.map(async (child) => {
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      }),
    ]);
  }

  mpin(role: string, ...flags: string[]): Run {
    const own = role === 'rpa' ? [] : ['--credentialsFile=credentials.json'];
    const run = startMpin([role, ...own, '--logLevel=ERROR', ...flags], { cwd: this.folder });
    this.#runs.push(run);
    return run;
  }

  makeCertificate(): void {
    execFileSync(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          '-newkey',
          'rsa:2048',
          '-nodes',
          '-days',
          '1',
          '-subj',
          '/CN=localhost',
        ],
        ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', 'privkey.pem'],
        ...['-out', 'fullchain.pem'],
      ],
      { cwd: this.folder, stdio: 'ignore' },
    );
    const pem = ['fullchain.pem', 'privkey.pem'].map((file) =>
      readFileSync(join(this.folder, file)),
    );
    writeFileSync(join(this.folder, 'haproxy.pem'), Buffer.concat(pem), { mode: 0o600 });
  }

  async #untilAllReady(): Promise<void> {
    const log = () => this.#runs.map(({ stderr }) => stderr()).join('\n');
    for (const { url } of this.#instances) {
      await until(
        `instance ${url}`,
        async () => (await statusOf(`${url}/health/ready`)) === 200,
        log,
      );
    }
  }

  async #startNginx({ port, privatePort, ports }: Places): Promise<void> {
    const logs = join(this.folder, 'logs');
    mkdirSync(logs, { recursive: true });
    this.#render('nginx/mpin.conf', 'mpin.conf', [
      ...INSTANCE_PORTS.map((old, index): Replacement => [`:${old}`, `:${ports[index]}`]),
      ['listen 443 ssl', `listen ${LOOPBACK}:${port} ssl`],
      ['listen 127.0.0.1:8010', `listen 127.0.0.1:${privatePort}`],
      ['login.example.com', 'localhost'],
      ['/etc/mpin/tls', this.folder],
      ['/var/log/nginx', logs],
    ]);
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
    const main = [
      'daemon off;',
      `pid ${join(this.folder, 'nginx.pid')};`,
      `error_log ${join(logs, 'error.log')};`,
      ...(process.getuid?.() === 0 ? ['user root;'] : []),
      'events {}',
      'http {',
      ...temp.map((kind) => `  ${kind}_temp_path ${join(this.folder, `${kind}_temp`)};`),
      '  include mpin.conf;',
      '}',
    ];
    const file = join(this.folder, 'nginx.conf');
    writeFileSync(file, `${main.join('\n')}\n`);
    await this.#startBalancer('nginx', ['-c', file, '-p', this.folder], Number(privatePort));
  }

  async #startHaproxy({ port, privatePort, ports }: Places): Promise<void> {
    const file = this.#render('haproxy/haproxy.cfg', 'haproxy.cfg', [
      ...INSTANCE_PORTS.map((old, index): Replacement => [`:${old}`, `:${ports[index]}`]),
      // What root may raise the limit on files for.
      ['maxconn 20000', 'maxconn 500'],
      ['bind :443', `bind ${LOOPBACK}:${port}`],
      ['bind 127.0.0.1:8010', `bind 127.0.0.1:${privatePort}`],
      ['/etc/mpin/tls', this.folder],
    ]);
    await this.#startBalancer('haproxy', ['-f', file], Number(privatePort));
  }

  /** The committed file with what is a deployment's own in the place of its examples. */
  #render(committed: string, name: string, replacements: readonly Replacement[]): string {
    let text = readFileSync(join(ROOT, 'deploy', committed), 'utf8');
    for (const [old, own] of replacements) {
      if (!text.includes(old)) throw new Error(`${committed} has no "${old}"`);
      text = text.replaceAll(old, own);
    }
    const file = join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  async #startBalancer(program: string, args: readonly string[], port: number): Promise<void> {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#processes.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += data;
      });
    }
    await until(
      program,
      async () => {
        if (child.exitCode !== null) throw new Error(`${program} ended: ${output}`);
        return (await statusOf(`http://${LOOPBACK}:${port}/status`)) === 200;
      },
      () => output,
    );
  }
}

interface Places {
  readonly port: string;
  readonly privatePort: string;
  readonly ports: readonly string[];
}

type Replacement = readonly [old: string, own: string];

export class Client {
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
  }

  async register(base: string, userId: string, pin: number): Promise<Registered> {
    return (await this.#run({ do: 'register', base, userId, pin })) as Registered;
  }

  /** The relying party's status. */
  async login(user: Registered, pin: number, ws: boolean): Promise<number> {
    return (await this.#run({ do: 'login', user, pin, ws })) as number;
  }

  async #run(job: Job): Promise<unknown> {
    this.#child.send(job);
    const [outcome] = (await once(this.#child, 'message')) as [Outcome];
    if (outcome.error !== undefined) throw new Error(outcome.error);
    return outcome.value;
  }
}

export async function statusOf(url: string): Promise<number | undefined> {
  const reply = await fetch(url).catch(() => undefined);
  await reply?.arrayBuffer();
  return reply?.status;
}
