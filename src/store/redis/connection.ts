/** Commands to Redis, whose failures are StoreErrors, and a log of how it is. */
import { Cluster, type Redis } from 'ioredis';
import type { Logger } from 'pino';
import { type Client, createClient, type RedisTimes } from './client.js';
import { type Argument, scriptWireOf, WireCommand, wireOf } from './command.js';
import { SAME_TROUBLE_MS, SLOTS_REFRESH_MS } from './limits.js';
import type { KeyNames, Script } from './script.js';
import { findingsOf } from './server-check.js';
import type { RedisAccess } from './target.js';
import { codeOf, describe, storeError } from './trouble.js';
import { Watchers } from './watchers.js';

export class Connection {
  readonly #client: Client;
  readonly #watchers: Watchers;
  readonly #log: Logger;
  /** When each trouble or finding was last logged. */
  readonly #loggedMs = new Map<string, number>();
  /** A trouble was logged, and not yet that it is over. */
  #troubled = true;
  #closing = false;
  #refreshing: NodeJS.Timeout | undefined;
  /** Streams that keep what is written to them until the end of this turn. */
  readonly #corked: Redis['stream'][] = [];

  /** Connects in the background, and again whenever it must, until it is closed. */
  constructor(access: RedisAccess, times: RedisTimes, log: Logger) {
    this.#log = log;
    this.#client = createClient(access, times);
    this.#watchers = new Watchers(this.#client);
    if (this.#client instanceof Cluster) this.#watchCluster(this.#client);
    else this.#watch(this.#client);
  }

  get isCluster(): boolean {
    return this.#client.isCluster;
  }

  /** A plain command, whose first argument is its key. Rejects with StoreError. */
  async call(command: string, key: string, ...args: Argument[]): Promise<unknown> {
    try {
      return await this.#send(command, wireOf(command, [key, ...args]), key);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** A script over keys of one tag, in one round trip. Rejects with StoreError. */
  async run(script: Script, keys: KeyNames, args: readonly Argument[]): Promise<unknown> {
    const [key] = keys;
    try {
      return await this.#send('evalsha', scriptWireOf(script, keys, args), key);
    } catch (error) {
      // Redis has not seen it since its start or a SCRIPT FLUSH: nothing was carried out.
      if (codeOf(error) !== 'NOSCRIPT') throw this.#failure(error);
    }
    try {
      return await this.#send(
        'eval',
        wireOf('eval', [script.lua, keys.length, ...keys, ...args]),
        key,
      );
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** Has `heard` called for each word on a channel, as {@link Watchers.watch} does. */
  watch(channel: string, heard: () => void): Promise<() => void> {
    return this.#watchers.watch(channel, heard);
  }

  close(): void {
    this.#closing = true;
    clearInterval(this.#refreshing);
    this.#watchers.close();
    this.#client.disconnect();
  }

  #send(name: string, wire: string, key: string): Promise<unknown> {
    this.#cork();
    return this.#client.sendCommand(new WireCommand(name, wire, key)) as Promise<unknown>;
  }

  /**
   * Commands of one turn of the event loop leave together: a system call each would cost more than
   * all else, here and in Redis. Nothing waits: a turn without other work ends at once.
   */
  #cork(): void {
    if (this.#corked.length > 0) return;
    const nodes = this.#client instanceof Cluster ? this.#client.nodes('master') : [this.#client];
    for (const { stream } of nodes) {
      // A node that was never connected has none.
      if (stream === undefined) continue;
      stream.cork();
      this.#corked.push(stream);
    }
    setImmediate(this.#uncork);
  }

  readonly #uncork = (): void => {
    for (const stream of this.#corked.splice(0)) stream.uncork();
  };

  #watch(redis: Redis): void {
    redis.on('error', (error) => this.#trouble(codeOf(error)));
    redis.on('close', () => this.#trouble('ECONNRESET'));
    redis.on('ready', () => {
      this.#isThere();
      void this.#check(redis);
    });
  }

  #watchCluster(cluster: Cluster): void {
    cluster.on('error', (error) => this.#trouble(codeOf(error)));
    cluster.on('node error', (error) => this.#trouble(codeOf(error)));
    cluster.on('close', () => this.#trouble('ECONNRESET'));
    cluster.on('ready', () => this.#isThere());
    cluster.on('+node', (node: Redis) => node.on('ready', () => void this.#check(node)));
    // The client's own interval goes on for ever when it is closed in the middle of a refresh.
    this.#refreshing = setInterval(() => {
      if (cluster.status === 'ready') cluster.refreshSlotsCache();
    }, SLOTS_REFRESH_MS);
  }

  #isThere(): void {
    if (!this.#troubled) return;
    this.#troubled = false;
    this.#log.info('Redis is there');
  }

  #failure(error: unknown) {
    this.#trouble(codeOf(error));
    return storeError(error);
  }

  #trouble(code: string): void {
    if (this.#closing || !this.#isNews(code)) return;
    this.#troubled = true;
    this.#log.warn({ code }, `Redis cannot be used: ${describe(code)}`);
  }

  async #check(node: Redis): Promise<void> {
    let info: string;
    try {
      info = await node.info();
    } catch {
      // Forbidden, or lost again: there is nothing to say about it.
      return;
    }
    for (const finding of findingsOf(info)) {
      if (this.#isNews(finding)) this.#log.warn(finding);
    }
  }

  #isNews(what: string): boolean {
    const nowMs = performance.now();
    const lastMs = this.#loggedMs.get(what);
    if (lastMs !== undefined && nowMs - lastMs < SAME_TROUBLE_MS) return false;
    this.#loggedMs.set(what, nowMs);
    return true;
  }
}
