/** Makes the permits of an identity and puts them into every storage. */

import type { AuthorityShares } from '../keyring.js';
import { spent } from '../spent.js';
import type { Identity, PermitStorage } from './permit-storage.js';

export interface Days {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
}

export class Publisher {
  readonly #shares: Pick<AuthorityShares, 'timePermits'>;
  readonly #storages: readonly PermitStorage[];
  /** By identity: the last of what is done for it, one after the other. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(shares: Pick<AuthorityShares, 'timePermits'>, storages: readonly PermitStorage[]) {
    this.#shares = shares;
    this.#storages = storages;
  }

  /**
   * Publishes the permits of these days, replacing those that are there. Two calls for one
   * identity never overlap: while a master secret is rotated, the later one's shares must win.
   * Rejects with PermitStorageError or PoolError.
   */
  async publish(identity: Identity, days: Days): Promise<void> {
    const key = `${identity.appId}/${identity.storageId}`;
    const before = this.#underWay.get(key);
    const now = (before ?? Promise.resolve())
      .catch(() => undefined)
      .then(() => this.#publish(identity, days));
    this.#underWay.set(key, now);
    try {
      await now;
    } finally {
      if (this.#underWay.get(key) === now) this.#underWay.delete(key);
    }
  }

  /** False when a permit that was published is gone from a storage. */
  async holds(identity: Identity, day: number): Promise<boolean> {
    const held = this.#storages.map((storage) => storage.holds({ ...identity, day }));
    return (await Promise.all(held)).every(Boolean);
  }

  async remove(identity: Identity, { from, to }: Days): Promise<void> {
    for (let day = from; day <= to; day += 1) {
      await Promise.all(this.#storages.map((storage) => storage.remove({ ...identity, day })));
    }
  }

  /** Removes all days before this one; resolves with the number of permits. */
  async removeBefore(day: number): Promise<number> {
    let removed = 0;
    for (const storage of this.#storages) removed += await storage.removeBefore(day);
    return removed;
  }

  async #publish(identity: Identity, { from, to }: Days): Promise<void> {
    const days = Array.from({ length: to - from + 1 }, (_, index) => from + index);
    const hash = Buffer.from(identity.storageId, 'hex');
    const shares = (await this.#shares.timePermits(hash, days)).map(spent);
    const puts = this.#storages.flatMap((storage) =>
      shares.map((share, index) => storage.put({ ...identity, day: from + index }, share)),
    );
    // All have ended before the next ones for this identity begin.
    const failure = (await Promise.allSettled(puts)).find(({ status }) => status === 'rejected');
    if (failure?.status === 'rejected') throw failure.reason;
  }
}
