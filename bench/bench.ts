/** What every scenario gets: the system, the identities, and how long and how hard to press. */
import { setTimeout as sleep } from 'node:timers/promises';
import { dayOf, systemClock } from '../src/protocol/clock.js';
import { issueMpinId } from '../src/protocol/mpin-id.js';
import { type Halves, halvesOfCores, keepTo } from './cores.js';
import type { Plan, Result } from './load/figures.js';
import { LoadGroup } from './load/load-group.js';
import { issueLogin, type PreparedLogin } from './load/login.js';
import type { WorkKind } from './load/work.js';
import { familyOf } from './process-tree.js';
import type { RunningServer, System } from './system.js';

export interface BenchOptions {
  readonly seconds: number;
  readonly connections: number;
  readonly identities: number;
  readonly processes: number;
  /** Server and load each keep to a half of the cores. */
  readonly apart: boolean;
}

export type Scenario = (bench: Bench) => Promise<Result>;

/**
 * Milliseconds of JavaScript that the compiler needs to see before the hot path is as fast as it
 * gets; measured by the rate of the first seconds.
 */
const WARM_UP_SECONDS = 2;
/**
 * Clients of the open loop: more than log in at once at 70 % of capacity. Of a thousand, all that
 * were late after a moment's stall would come at once and make the next one.
 */
const OPEN_CONNECTIONS_MAX = 128;

export class Bench {
  readonly system: System;
  readonly options: BenchOptions;
  readonly progress: (text: string) => void;
  readonly #loads = new Set<LoadGroup>();
  readonly #logins: PreparedLogin[] = [];
  #halves: Halves | undefined;

  constructor(system: System, options: BenchOptions, progress: (text: string) => void) {
    this.system = system;
    this.options = options;
    this.progress = progress;
    this.#halves = options.apart ? halvesOfCores() : undefined;
  }

  /** The cores of server and load; undefined where they share all of them. */
  get halves(): Halves | undefined {
    return this.#halves;
  }

  /** At least so many, made once, as they take longer than some scenarios. */
  logins(count: number = this.options.identities): readonly PreparedLogin[] {
    const missing = count - this.#logins.length;
    if (missing > 0) this.#prepare(missing);
    return this.#logins;
  }

  /** The usual plan against a server. */
  plan(rps: RunningServer): Plan {
    const { seconds, connections } = this.options;
    return {
      seconds,
      warmUpSeconds: Math.min(WARM_UP_SECONDS, seconds),
      connections,
      openConnections: OPEN_CONNECTIONS_MAX,
      probe: () => rps.probe(),
      sleep: (time) => this.sleep(time),
    };
  }

  sleep(seconds: number): Promise<void> {
    return sleep(seconds * 1000);
  }

  /**
   * Runs `use` with a server of its own, which nothing that came before has touched.
   * @param set further options of `mpin rps`, as `name=value`
   */
  async withRps<T>(use: (rps: RunningServer) => Promise<T>, set?: readonly string[]): Promise<T> {
    return this.#with(await this.system.startRps(set), use);
  }

  /** The same with a trusted authority. */
  async withDta<T>(use: (dta: RunningServer) => Promise<T>): Promise<T> {
    return this.#with(await this.system.startDta(), use);
  }

  async #with<T>(server: RunningServer, use: (server: RunningServer) => Promise<T>): Promise<T> {
    this.#keepTo('server', familyOf(server.pid));
    try {
      return await use(server);
    } finally {
      await server.stop();
    }
  }

  /** Runs `use` with load processes for a kind of work. */
  async withLoad<T>(
    rps: RunningServer,
    asked: { kind: WorkKind; wrongEvery?: number; identities?: number; processes?: number },
    use: (load: LoadGroup) => Promise<T>,
  ): Promise<T> {
    const { kind, wrongEvery = 0, identities, processes = this.options.processes } = asked;
    const { credentials } = this.system;
    const work = {
      ...rps.work,
      // Authorities have no prefix.
      ...(kind.startsWith('dta-') ? { apiUrl: rps.address, application: credentials } : {}),
      kind,
      wrongEvery,
      logins: this.logins(identities),
    };
    const load = await LoadGroup.start(work, processes);
    this.#loads.add(load);
    this.#keepTo('load', load.pids);
    try {
      return await use(load);
    } finally {
      this.#loads.delete(load);
      load.close();
    }
  }

  /** Where one process cannot be kept to its half, the others share all cores with it. */
  #keepTo(half: keyof Halves, pids: readonly number[]): void {
    const cores = this.#halves?.[half];
    if (cores === undefined) return;
    if (!pids.every((pid) => keepTo(cores, pid))) this.#halves = undefined;
  }

  /** The same with one more process, which is left to time logins at another's load. */
  withObservedLoad<T>(
    rps: RunningServer,
    asked: { kind: WorkKind; wrongEvery?: number },
    use: (groups: { load: LoadGroup; observer: LoadGroup }) => Promise<T>,
  ): Promise<T> {
    return this.withLoad(rps, asked, (load) =>
      this.withLoad(rps, { ...asked, processes: 1 }, (observer) => use({ load, observer })),
    );
  }

  /** Leaves no process behind. */
  async stop(): Promise<void> {
    for (const load of this.#loads) load.close();
    await this.system.stop();
  }

  #prepare(count: number): void {
    this.progress(`preparing ${count} identities`);
    const { master } = this.system.neighbours;
    const now = systemClock().now();
    for (let made = 0; made < count; made += 1) {
      const mpinId = issueMpinId(`bench-${this.#logins.length}@example.com`, 0, now);
      this.#logins.push(issueLogin(master, mpinId, dayOf(now)));
    }
  }
}
