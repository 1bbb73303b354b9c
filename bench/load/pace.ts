/** When the next login starts: as soon as the last is done, or when its time has come. */
import { type Client, createClient, type End } from './dances.js';
import { type Histogram, newHistogram, recordMs, takeText } from './latency.js';
import type { PreparedLogin } from './login.js';
import type { Pace, Tally, Work } from './work.js';

/** Milliseconds before a client whose login failed tries the next: a dead server is not spun on. */
const AFTER_FAILURE_MS = 50;
/** Different reasons that are told apart. */
const REASONS_MAX = 20;
/** Milliseconds between two looks at the clock in an open loop: what timers can do. */
const TICK_MS = 1;

/** Runs one kind of work at one pace at a time. */
export class Runner {
  readonly #work: Work;
  readonly #tally = new Counter();
  #next: number;
  #running = false;
  #ended: Promise<unknown> = Promise.resolve();

  /** `offset`: where in the list of identities this process begins. */
  constructor(work: Work, offset: number) {
    this.#work = work;
    this.#next = offset;
  }

  begin(pace: Pace): void {
    this.#tally.take();
    this.#running = true;
    this.#ended = pace.kind === 'closed' ? this.#closed(pace.connections) : this.#open(pace);
  }

  collect(): Tally {
    return this.#tally.take();
  }

  /** Lets what has begun finish. */
  async end(): Promise<Tally> {
    this.#running = false;
    await this.#ended;
    return this.#tally.take();
  }

  async #closed(connections: number): Promise<void> {
    const loop = async (): Promise<void> => {
      const client = createClient(this.#work);
      while (this.#running) {
        const right = await this.#one(client, performance.now());
        if (!right) await sleep(AFTER_FAILURE_MS);
      }
      client.close();
    };
    await Promise.all(Array.from({ length: connections }, loop));
  }

  /**
   * Latency counts from the moment a login was due, not from when a connection was free for it:
   * a server that stalls is charged for all who came meanwhile (coordinated omission).
   */
  async #open({ perSecond, connections }: Pace & { kind: 'open' }): Promise<void> {
    const start = performance.now();
    const msEach = 1000 / perSecond;
    const idle: Client[] = [];
    const clients: Client[] = [];
    const inFlight = new Set<Promise<void>>();
    let due = 0;
    let begun = 0;
    const serve = async (client: Client): Promise<void> => {
      while (begun < due) {
        const dueAt = start + begun * msEach;
        begun += 1;
        await this.#one(client, dueAt);
      }
      idle.push(client);
    };
    const engage = (client: Client): void => {
      const busy = serve(client).finally(() => inFlight.delete(busy));
      inFlight.add(busy);
    };
    while (this.#running) {
      due = Math.floor((performance.now() - start) / msEach) + 1;
      for (let missing = due - begun; missing > 0; missing -= 1) {
        const client = idle.pop() ?? this.#another(clients, connections);
        if (client === undefined) break;
        engage(client);
      }
      this.#tally.waiting(due - begun);
      await sleep(TICK_MS);
    }
    due = begun;
    await Promise.all(inFlight);
    for (const client of clients) client.close();
  }

  #another(clients: Client[], most: number): Client | undefined {
    if (clients.length >= most) return undefined;
    const client = createClient(this.#work);
    clients.push(client);
    return client;
  }

  async #one(client: Client, since: number): Promise<boolean> {
    const { logins, wrongEvery } = this.#work;
    const at = this.#next++;
    // Registrations need no identity.
    const login = logins[at % logins.length] ?? NOBODY;
    const wrongPin = wrongEvery > 0 && at % wrongEvery === 0;
    try {
      this.#tally.count(await client.run(login, wrongPin), performance.now() - since);
      return true;
    } catch (error) {
      this.#tally.fail(error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}

const NONE = new Uint8Array(0);
const NOBODY: PreparedLogin = { mpinId: '', pass1: '', x: NONE, sec: NONE };

class Counter {
  readonly #latency: Histogram = newHistogram();
  readonly #refusals: Histogram = newHistogram();
  #done = 0;
  #refused = 0;
  #failed = 0;
  #waitingMax = 0;
  #reasons = new Map<string, number>();
  #since = performance.now();
  #loop = performance.eventLoopUtilization();

  count(end: End, ms: number): void {
    if (end === undefined) {
      this.#done += 1;
      recordMs(this.#latency, ms);
    } else {
      this.#refused += 1;
      recordMs(this.#refusals, end.refusedMs);
    }
  }

  fail(why: string): void {
    this.#failed += 1;
    const known = this.#reasons.get(why);
    if (known !== undefined || this.#reasons.size < REASONS_MAX) {
      this.#reasons.set(why, (known ?? 0) + 1);
    }
  }

  waiting(count: number): void {
    this.#waitingMax = Math.max(this.#waitingMax, count);
  }

  /** What was counted since the last time. */
  take(): Tally {
    const now = performance.now();
    const tally: Tally = {
      done: this.#done,
      refused: this.#refused,
      failed: this.#failed,
      reasons: Object.fromEntries(this.#reasons),
      seconds: (now - this.#since) / 1000,
      latency: takeText(this.#latency),
      refusals: takeText(this.#refusals),
      waitingMax: this.#waitingMax,
      busy: performance.eventLoopUtilization(this.#loop).utilization,
    };
    this.#loop = performance.eventLoopUtilization();
    this.#done = this.#refused = this.#failed = this.#waitingMax = 0;
    this.#reasons = new Map();
    this.#since = now;
    return tally;
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
