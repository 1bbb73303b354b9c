/** `mpin rps` as people start it, among neighbours whose secrets are known, and clients of it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Neighbours } from '../../bench/authority.js';
import { type Client, createClient } from '../../bench/load/dances.js';
import { issueLogin, type PreparedLogin } from '../../bench/load/login.js';
import { credentialsJson, issueCredentials } from '../../src/config/credentials.js';
import { dayOf, systemClock } from '../../src/protocol/clock.js';
import { issueMpinId } from '../../src/protocol/mpin-id.js';
import { freePorts, type Run, startMpin, until } from '../e2e/program.js';

export interface Service {
  readonly run: Run;
  readonly address: string;
}

/** Everything around the services of one test file; {@link World.stop} ends all of it. */
export class World {
  readonly neighbours: Neighbours;
  readonly folder: string;
  readonly #runs: Run[] = [];

  private constructor(neighbours: Neighbours, folder: string) {
    this.neighbours = neighbours;
    this.folder = folder;
    const credentials = issueCredentials(`${neighbours.url}/hosted/`);
    writeFileSync(join(folder, 'credentials.json'), credentialsJson(credentials));
  }

  static async start(folder: string): Promise<World> {
    return new World(await Neighbours.start(), folder);
  }

  /** Starts `mpin rps` on a free port, unless the flags name one. */
  async rps(...flags: readonly string[]): Promise<Service> {
    const [port] = await freePorts(1);
    const own = [
      `--port=${port}`,
      '--credentialsFile=credentials.json',
      `--DTALocalURL=${this.neighbours.url}`,
      `--RPAVerifyUserURL=${this.neighbours.url}/verify`,
      '--cryptoThreads=1',
    ];
    const run = startMpin(['rps', ...own, ...flags], { cwd: this.folder });
    this.#runs.push(run);
    return { run, address: `http://127.0.0.1:${port}` };
  }

  /** The same, once it is ready. */
  async readyRps(...flags: readonly string[]): Promise<Service> {
    const service = await this.rps(...flags);
    await untilReady(service);
    return service;
  }

  /** Identities that can log in today. */
  logins(count: number): PreparedLogin[] {
    const now = systemClock().now();
    return Array.from({ length: count }, (_, index) => {
      const mpinId = issueMpinId(`user-${index}@example.com`, 0, now);
      return issueLogin(this.neighbours.master, mpinId, dayOf(now));
    });
  }

  async stop(): Promise<void> {
    for (const { child } of this.#runs) child.kill('SIGTERM');
    await Promise.all(this.#runs.map(({ ended }) => ended));
    this.neighbours.stop();
  }
}

/** A client on connections of its own. */
export function clientOf(address: string): Client {
  return createClient({
    kind: 'login-rest',
    apiUrl: `${address}/rps`,
    authenticateUrl: `${address}/authenticate`,
    authenticateAs: 'rps',
    logins: [],
    wrongEvery: 0,
  });
}

export function untilReady({ run, address }: Service): Promise<void> {
  let over = false;
  void run.ended.then(() => {
    over = true;
  });
  return until(
    'ready',
    async () => {
      if (over) throw new Error(`mpin rps ended: ${run.stderr()}`);
      const reply = await fetch(`${address}/health/ready`).catch(() => undefined);
      await reply?.arrayBuffer();
      return reply?.status === 200;
    },
    run.stderr,
  );
}
