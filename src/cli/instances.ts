/**
 * `mpin rps --instances N`: processes that share one port, to which the kernel deals connections
 * out (SO_REUSEPORT), and one store. This process only watches over them: it serves nothing, so
 * nothing of what they do is lost with it, and they end when it does.
 */
import { createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ConfigError } from '../config/load.js';
import type { RpsOptions } from '../config/rps.js';
import type { Family } from '../ops/metrics.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import { isSiblingMessage, MetricsExchange } from '../ops/siblings.js';
import { Child } from './child.js';

/** The command that one of them runs (roles.ts). */
const INSTANCE_COMMAND = 'rps-instance';

/** Wait before an instance that has ended is started anew, in milliseconds, doubled each time … */
const RESTART_MS_MIN = 100;
/** … up to this, so that one that cannot live takes no more than a start in so long. */
const RESTART_MS_MAX = 10_000;
/** One that has lived so long is sound: the next wait is the shortest again. In milliseconds. */
const SOUND_AFTER_MS = 60_000;
/** What an instance may take to stop beyond the times that are configured, in milliseconds. */
const STOP_SLACK_MS = 4_000;

/**
 * Starts them all. `ready` says when each can do its whole job, and rejects when one ends before.
 * @param args the flags this process was given, which each of them gets as well
 * @throws ConfigError for a store that cannot be shared; Error for a port that is in use
 */
export async function startInstances(
  options: RpsOptions,
  { log }: Pick<RoleContext, 'log'>,
  args: readonly string[],
): Promise<RunningRole> {
  if (options.storage === 'memory') {
    throw new ConfigError(
      `instances: ${options.instances} of them need a store that they share, and memory is not: ` +
        'use storage redis, or file on one machine',
    );
  }
  const { address: host } = options;
  const port = await portFor(host, options.port);
  const stopMsMax = options.stopPauseMs + options.stopDrainMs + STOP_SLACK_MS;
  const threads = threadsOf(options);
  const group = new Group({
    log,
    count: options.instances,
    start: (index) =>
      new Child({
        name: `instance ${index + 1}`,
        command: INSTANCE_COMMAND,
        args: [...args, `--port=${port}`, `--cryptoThreads=${threads[index]}`],
        stopMsMax,
      }),
  });
  // An impatient second signal, or an error: none of them is left behind, draining for nobody.
  process.once('exit', () => group.kill());
  return {
    address: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ready: group.ready,
    stopMsMax: stopMsMax + STOP_SLACK_MS,
    // Each of them reads what has changed from where it had its options.
    reconfigure: () => group.signal('SIGHUP'),
    stop: () => group.stop(),
  };
}

/**
 * Worker threads of each: the default of one process, one fewer than the cores, dealt out among
 * them; at least one each.
 */
export function threadsOf(
  { cryptoThreads, instances }: Pick<RpsOptions, 'cryptoThreads' | 'instances'>,
  cores = availableParallelism(),
): number[] {
  return Array.from({ length: instances }, (_, index) => {
    if (cryptoThreads !== 0) return cryptoThreads;
    const rest = (cores - 1) % instances;
    return Math.max(1, Math.floor((cores - 1) / instances) + (index < rest ? 1 : 0));
  });
}

interface GroupOptions {
  readonly log: Logger;
  readonly count: number;
  readonly start: (index: number) => Child;
}

class Group {
  /** Resolves when all are ready for the first time. */
  readonly ready: Promise<void>;
  readonly #options: GroupOptions;
  readonly #metrics = new MetricsExchange();
  readonly #children = new Map<number, Child>();
  readonly #end = new AbortController();
  #wasReady = false;
  #restarts = 0;

  constructor(options: GroupOptions) {
    this.#options = options;
    const starts = Array.from({ length: options.count }, (_, index) => this.#run(index));
    this.ready = Promise.all(starts).then(() => {
      this.#wasReady = true;
    });
    // Whoever stops it before need not have waited for it.
    this.ready.catch(() => {});
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await Promise.all([...this.#children.values()].map((child) => child.stop()));
  }

  signal(signal: NodeJS.Signals): void {
    for (const child of this.#children.values()) child.signal(signal);
  }

  kill(): void {
    this.#end.abort();
    for (const child of this.#children.values()) child.kill();
  }

  /** Resolves when the first one is ready; keeps one running from then on. */
  #run(index: number): Promise<void> {
    return new Promise((resolve, reject) => {
      void this.#keepRunning(index, { ready: resolve, failed: reject });
    });
  }

  async #keepRunning(
    index: number,
    first: { ready: () => void; failed: (error: Error) => void },
  ): Promise<void> {
    const { log } = this.#options;
    let waitMs = RESTART_MS_MIN;
    for (;;) {
      const startedMs = performance.now();
      const child = this.#start(index);
      void child.ready.then(() => {
        log.info({ instance: index + 1, pid: child.pid }, 'an instance is ready');
        first.ready();
      });
      const how = await child.ended;
      this.#children.delete(index);
      if (this.#end.signal.aborted) return;
      if (!this.#wasReady) {
        first.failed(new Error(how));
        return;
      }
      if (performance.now() - startedMs > SOUND_AFTER_MS) waitMs = RESTART_MS_MIN;
      log.error({ how, pid: child.pid, waitMs }, 'an instance has ended, the next one follows');
      const ended = await sleep(waitMs, false, { signal: this.#end.signal }).catch(() => true);
      if (ended) return;
      waitMs = Math.min(2 * waitMs, RESTART_MS_MAX);
      this.#restarts += 1;
    }
  }

  #start(index: number): Child {
    const child = this.#options.start(index);
    this.#children.set(index, child);
    child.onMessage((message) => {
      if (!isSiblingMessage(message)) return;
      if (message.type === 'metrics') this.#metrics.answered(message);
      if (message.type === 'metrics?') void this.#tellAll(child, message.id);
    });
    return child;
  }

  /** Gives one of them the metrics of all. */
  async #tellAll(asker: Child, id: number): Promise<void> {
    const entries = [...this.#children].map(async ([index, child]) => {
      const families = await this.#metrics.ask((message) => child.post(message));
      return [String(index + 1), families] as const;
    });
    const all = new Map([...(await Promise.all(entries)), ['supervisor', this.#families()]]);
    asker.post({ type: 'all metrics', id, all });
  }

  #families(): Family[] {
    return [
      {
        name: 'mpin_instances',
        help: 'Processes that run now',
        type: 'gauge',
        values: [{ labels: {}, value: this.#children.size }],
      },
      {
        name: 'mpin_instance_restarts_total',
        help: 'Processes that ended by themselves and were started anew',
        type: 'counter',
        values: [{ labels: {}, value: this.#restarts }],
      },
    ];
  }
}

/**
 * The port to share: the one that is asked for, or a free one for 0. Whatever listens on it
 * already must be somebody else: the kernel would deal out connections to it as well.
 */
function portFor(host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', ({ code }: NodeJS.ErrnoException) => {
      const why = code === 'EADDRINUSE' ? 'the port is in use' : 'check host and port';
      reject(new Error(`cannot listen on ${host}:${port}: ${why} (${code})`));
    });
    probe.listen({ host, port, exclusive: true }, () => {
      const found = (probe.address() as { port: number }).port;
      probe.close(() => resolve(found));
    });
  });
}
