/** The server under test: a real process of `mpin`, as it is started in deployment. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Credentials, credentialsJson, issueCredentials } from '../src/config/credentials.js';
import { Neighbours } from './authority.js';
import { NO_PROBE, type Probe } from './load/figures.js';
import type { Work } from './load/work.js';
import { usageOf } from './process-tree.js';
import { batchesOf } from './prometheus.js';

/** The highest that may be set: wrong PINs must go on being checked, not be locked out. */
const ATTEMPTS_MAX = 1_000_000;
/** Longest start, in milliseconds; a cold one takes under a second. */
const START_MS_MAX = 20_000;
/** Longest stop before the server is killed, in milliseconds. */
const STOP_MS_MAX = 12_000;
/** So much of a failed server's log is shown, in characters. */
const LOG_TAIL = 2_000;

const PROGRAM = fileURLToPath(new URL('../src/cli/mpin.js', import.meta.url));

export interface SystemOptions {
  /** Further options of `mpin rps`, as `name=value`. */
  readonly set: readonly string[];
  /** Folder for CPU profiles of the server. */
  readonly profile: string | undefined;
}

/** A folder, the neighbours and any number of servers, one after the other. */
export class System {
  readonly neighbours: Neighbours;
  /** Of the only application there is. */
  readonly credentials: Credentials;
  readonly #options: SystemOptions;
  readonly #folder = mkdtempSync(join(tmpdir(), 'mpin-bench-'));
  #running: RunningServer | undefined;

  private constructor(neighbours: Neighbours, options: SystemOptions) {
    this.neighbours = neighbours;
    this.#options = options;
    this.credentials = issueCredentials(`${neighbours.url}/hosted/`);
    writeFileSync(this.#credentials, credentialsJson(this.credentials), { mode: 0o600 });
  }

  static async start(options: SystemOptions): Promise<System> {
    return new System(await Neighbours.start(), options);
  }

  /** Starts a server, with these options too; resolves when it can check logins. */
  startRps(set: readonly string[] = []): Promise<RunningServer> {
    const { url } = this.neighbours;
    return this.#start('rps', [
      `--credentialsFile=${this.#credentials}`,
      `--DTALocalURL=${url}`,
      `--RPAVerifyUserURL=${url}/verify`,
      `--maxInvalidLoginAttempts=${ATTEMPTS_MAX}`,
      ...set.map((option) => `--${option}`),
    ]);
  }

  /** Starts a trusted authority with a secret that it keeps to itself. */
  startDta(): Promise<RunningServer> {
    return this.#start('dta', [`--credentialsFile=${this.#credentials}`, '--no-backup']);
  }

  async #start(role: string, flags: readonly string[]): Promise<RunningServer> {
    const { set, profile } = this.#options;
    const all = ['--port=0', ...flags, ...set.map((option) => `--${option}`)];
    const nodeFlags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
    const log = join(this.#folder, `${role}.log`);
    this.#running = new RunningServer(role, all, { nodeFlags, log });
    await this.#running.ready;
    return this.#running;
  }

  /** Leaves nothing behind, whatever is under way. */
  async stop(): Promise<void> {
    await this.#running?.stop();
    this.neighbours.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #credentials(): string {
    return join(this.#folder, 'credentials.json');
  }
}

export class RunningServer {
  /** Rejects with the end of the server's log when it cannot be reached. */
  readonly ready: Promise<void>;
  #address = '';
  readonly #role: string;
  readonly #process: ChildProcess;

  constructor(
    role: string,
    flags: readonly string[],
    { nodeFlags, log }: { readonly nodeFlags: readonly string[]; readonly log: string },
  ) {
    this.#role = role;
    const out = openSync(log, 'w');
    this.#process = fork(PROGRAM, [role, ...flags], {
      execArgv: [...nodeFlags],
      stdio: ['ignore', out, out, 'ipc'],
    });
    closeSync(out);
    this.ready = this.#untilReady(log);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** `http://127.0.0.1:port`. */
  get address(): string {
    return this.#address;
  }

  /** The way logins go to it. */
  get work(): Pick<Work, 'apiUrl' | 'authenticateUrl' | 'authenticateAs'> {
    return {
      apiUrl: `${this.address}/rps`,
      authenticateUrl: `${this.address}/authenticate`,
      authenticateAs: 'rps',
    };
  }

  async probe(): Promise<Probe> {
    const usage = usageOf(this.pid);
    const hasBatches = this.#role === 'rps';
    const batches = hasBatches ? await batchesOf(`${this.address}/metrics`) : null;
    return usage === undefined ? { ...NO_PROBE, batches } : { ...usage, batches };
  }

  async stop(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return;
    const gone = once(this.#process, 'exit');
    const overdue = setTimeout(() => this.#process.kill('SIGKILL'), STOP_MS_MAX);
    this.#process.kill('SIGTERM');
    await gone;
    clearTimeout(overdue);
  }

  #untilReady(log: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (what: string): void => {
        clearTimeout(overdue);
        reject(
          new Error(`mpin ${this.#role} ${what}: ${readFileSync(log, 'utf8').slice(-LOG_TAIL)}`),
        );
      };
      const overdue = setTimeout(() => fail('does not become ready'), START_MS_MAX);
      this.#process.once('exit', () => fail('ended'));
      this.#process.on('message', (message: { type?: unknown; address?: unknown }) => {
        if (message.type !== 'ready') return;
        clearTimeout(overdue);
        this.#address = String(message.address);
        resolve();
      });
    });
  }
}
