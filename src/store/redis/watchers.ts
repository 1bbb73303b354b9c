/** Who waits for a word on a channel, over a connection of its own: it can do nothing else. */
import type { Redis } from 'ioredis';
import type { Client } from './client.js';

export class Watchers {
  readonly #client: Client;
  readonly #byChannel = new Map<string, Set<() => void>>();
  #subscriber: Client | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /**
   * Has `heard` called for each word; ends with a call of what it answers. Nothing is promised: a
   * subscription that cannot be made now is made when there is a connection again.
   */
  async watch(channel: string, heard: () => void): Promise<() => void> {
    const subscriber = this.#connected();
    const watchers = this.#byChannel.get(channel) ?? new Set();
    // One object a call, so that the same function may watch twice.
    const watcher = (): void => heard();
    this.#byChannel.set(channel, watchers.add(watcher));
    // Again for each, as the reply is what tells that from now on nothing is missed.
    await subscriber.subscribe(channel).catch(() => {});
    return () => {
      watchers.delete(watcher);
      if (watchers.size > 0 || this.#byChannel.get(channel) !== watchers) return;
      this.#byChannel.delete(channel);
      subscriber.unsubscribe(channel).catch(() => {});
    };
  }

  close(): void {
    if (this.#subscriber !== this.#client) this.#subscriber?.disconnect();
  }

  /** A cluster's client has a connection for this beside its others. */
  #connected(): Client {
    if (this.#subscriber !== undefined) return this.#subscriber;
    const subscriber = this.#client.isCluster ? this.#client : this.#connect(this.#client as Redis);
    subscriber.on('message', (channel: string) => {
      for (const heard of this.#byChannel.get(channel) ?? []) heard();
    });
    this.#subscriber = subscriber;
    return subscriber;
  }

  #connect(client: Redis): Redis {
    // The first subscription waits for the connection, for as long as any command may take.
    const subscriber = client.duplicate({ enableOfflineQueue: true, autoResubscribe: false });
    // What is wrong is known from the other connection.
    subscriber.on('error', () => {});
    subscriber.on('ready', () => {
      const channels = [...this.#byChannel.keys()];
      if (channels.length > 0) subscriber.subscribe(...channels).catch(() => {});
    });
    return subscriber;
  }
}
