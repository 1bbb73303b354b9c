/**
 * Real Redis servers for tests and benches: alone, as a cluster of masters, and under Sentinels.
 * Each has a folder of its own, a unix socket and a port of loopback, and ends with its test.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePorts, until } from '../e2e/program.js';

/** Settings of redis.conf by their names. */
export type RedisConfig = Readonly<Record<string, string | number>>;

const HOST = '127.0.0.1';
const READY = /Ready to accept connections/;
const START_MS_MAX = 10_000;
/** Milliseconds of silence from which a cluster's node or a master counts as gone. */
const GONE_AFTER_MS = 500;

/** Something that is to be stopped at the end of a test. */
interface Teardown {
  teardown(end: () => Promise<void> | void): void;
}

export class RedisServer {
  readonly port: number;
  readonly folder: string;
  readonly #config: RedisConfig;
  #process: ChildProcess | undefined;
  #admin: Redis | undefined;

  private constructor(port: number, config: RedisConfig) {
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), 'mpin-redis-'));
    this.#config = config;
  }

  /** Nothing is saved unless the settings say so. */
  static async start(t: Teardown, config: RedisConfig = {}): Promise<RedisServer> {
    const [port = 0] = await freePorts(1);
    const server = new RedisServer(port, config);
    t.teardown(() => server.end());
    await server.start();
    return server;
  }

  get address(): string {
    return `${HOST}:${this.port}`;
  }

  get socket(): string {
    return join(this.folder, 'redis.sock');
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  /** Starts it, again or for the first time, with what it has saved. */
  async start(more: RedisConfig = {}): Promise<void> {
    const settings: RedisConfig = {
      bind: HOST,
      port: this.port,
      unixsocket: this.socket,
      dir: this.folder,
      save: '',
      appendonly: 'no',
      'enable-debug-command': 'local',
      ...this.#config,
      ...more,
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
    this.#process = await spawned('redis-server', flags, READY);
  }

  /** Answers one command; the settings' own password is used. */
  async command(name: string, ...args: (string | number)[]): Promise<unknown> {
    const password = this.#config['requirepass'];
    this.#admin ??= new Redis(this.port, HOST, {
      lazyConnect: true,
      maxRetriesPerRequest: 1,
      enableReadyCheck: false,
      ...(password === undefined ? {} : { password: `${password}` }),
    }).on('error', () => {});
    return this.#admin.call(name, ...args);
  }

  /** A field of INFO. */
  async info(field: string): Promise<string> {
    const text = `${await this.command('info', 'everything')}`;
    return new RegExp(`^${field}:(.*?)\\r?$`, 'm').exec(text)?.[1] ?? '';
  }

  /** Ends as an administrator would have it; saves what the settings say. */
  async stop(): Promise<void> {
    await this.#signal('SIGTERM');
  }

  /** Dies as in a crash. */
  async kill(): Promise<void> {
    await this.#signal('SIGKILL');
  }

  /** Holds still, with all connections open, until {@link resume}. */
  pause(): void {
    this.#process?.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.kill('SIGCONT');
  }

  async end(): Promise<void> {
    this.resume();
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #signal(signal: NodeJS.Signals): Promise<void> {
    this.#admin?.disconnect();
    this.#admin = undefined;
    const child = this.#process;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}

/** Masters that share all slots; each goes on when others are gone if `partial`. */
export async function startCluster(
  t: Teardown,
  masters: number,
  config: RedisConfig = {},
): Promise<RedisServer[]> {
  const buses = await freePorts(masters);
  const nodes = await Promise.all(
    buses.map((bus) =>
      RedisServer.start(t, {
        'cluster-enabled': 'yes',
        'cluster-port': bus,
        'cluster-node-timeout': GONE_AFTER_MS,
        ...config,
      }),
    ),
  );
  const share = Math.ceil(16_384 / masters);
  for (const [index, node] of nodes.entries()) {
    const last = Math.min(16_384, (index + 1) * share) - 1;
    await node.command('cluster', 'addslotsrange', index * share, last);
    await node.command('cluster', 'set-config-epoch', index + 1);
  }
  for (const [index, node] of nodes.entries()) {
    await nodes[0]?.command('cluster', 'meet', HOST, node.port, buses[index] ?? 0);
  }
  await until('the cluster', async () => {
    const states = await Promise.all(nodes.map((node) => node.command('cluster', 'info')));
    return states.every(
      (state) =>
        `${state}`.includes('cluster_state:ok') &&
        `${state}`.includes(`cluster_known_nodes:${masters}`),
    );
  });
  return nodes;
}

export interface Watched {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  /** `host:port` of the Sentinels. */
  readonly sentinels: readonly string[];
  readonly name: string;
}

/** A master with a replica, and three Sentinels that know one another. */
export async function startWatched(t: Teardown, config: RedisConfig = {}): Promise<Watched> {
  const name = 'mymaster';
  const master = await RedisServer.start(t, config);
  const replica = await RedisServer.start(t, { ...config, replicaof: `${HOST} ${master.port}` });
  await until('the replica', async () => {
    return (await replica.info('master_link_status')) === 'up';
  });
  const ports = await freePorts(3);
  for (const port of ports) await startSentinel(t, port, name, master.port);
  const clients = ports.map((port) => new Redis(port, HOST, { maxRetriesPerRequest: 1 }));
  await until('the Sentinels to know one another', async () => {
    const known = await Promise.all(
      clients.map(async (client) => {
        const fields = (await client.call('sentinel', 'master', name)) as string[];
        const countOf = (field: string) => Number(fields[fields.indexOf(field) + 1]);
        return countOf('num-other-sentinels') === 2 && countOf('num-slaves') === 1;
      }),
    );
    return known.every((one) => one);
  });
  for (const client of clients) client.disconnect();
  return { master, replica, sentinels: ports.map((port) => `${HOST}:${port}`), name };
}

async function startSentinel(t: Teardown, port: number, name: string, master: number) {
  const folder = mkdtempSync(join(tmpdir(), 'mpin-sentinel-'));
  const file = join(folder, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    `bind ${HOST}`,
    `dir ${folder}`,
    `sentinel monitor ${name} ${HOST} ${master} 2`,
    `sentinel down-after-milliseconds ${name} ${GONE_AFTER_MS}`,
    `sentinel failover-timeout ${name} 3000`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const child = await spawned('redis-sentinel', [file], /\+monitor master/);
  t.teardown(async () => {
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    rmSync(folder, { recursive: true, force: true });
  });
}

/** Starts a program, and waits until it says what is expected. */
async function spawned(program: string, args: readonly string[], ready: RegExp) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (data) => {
    // What comes later is of no use, but must be read.
    if (!ready.test(said)) said += data;
  });
  const failed = once(child, 'exit').then(() => {
    throw new Error(`${program} ended: ${said}`);
  });
  const overdue = sleep(START_MS_MAX, undefined, { ref: false }).then(() => {
    throw new Error(`${program} does not become ready: ${said}`);
  });
  const started = (async () => {
    while (!ready.test(said)) await Promise.race([once(child.stdout, 'data'), failed, overdue]);
  })();
  failed.catch(() => {});
  overdue.catch(() => {});
  await started;
  return child;
}
