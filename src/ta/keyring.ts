/**
 * The master secrets that an authority works with at this moment: one, or while a rotation lasts
 * two. It decides for each question which of them answers, and takes over a changed backup while
 * it runs.
 */
import { createHash } from 'node:crypto';
import type { AuthorityPool } from '../crypto/pool.js';
import { type Clock, parseIsoSeconds } from '../protocol/clock.js';
import { type IssuedIdentities, openIssued } from './issued.js';
import type { MasterSecret, Rotation } from './master-secret.js';

/** A share of the server secret, and the secret it is of. */
export interface ServerSecretShare {
  /** 128 bytes; the caller wipes it. */
  readonly share: Uint8Array;
  readonly startTime: string;
  /** Absent for the older of two. */
  readonly activeFrom?: string;
  /** Absent for the one that stays. */
  readonly servedUntil?: string;
}

/** What an authority gives. All calls reject with PoolError when the queue is full or closed. */
export interface AuthorityShares {
  /** When the secret that is now in use was made. */
  readonly startTime: string;
  /** Of the secret in use first; then of the one that was before it or is announced. */
  serverSecrets(): Promise<readonly ServerSecretShare[]>;
  clientSecret(hashMpinId: Uint8Array): Promise<Uint8Array>;
  /** Of the secret that the identity's client secret is of, for each day. */
  timePermits(hashMpinId: Uint8Array, days: readonly number[]): Promise<Uint8Array[]>;
}

export interface KeyringParts {
  readonly clock: Clock;
  /** Starts the threads of one secret. */
  readonly startPool: (secret: Uint8Array) => AuthorityPool;
  /** Where identities are kept that have got a client secret of the newer of two. */
  readonly issuedFile: string;
}

interface Key {
  readonly pool: AuthorityPool;
  readonly startTime: string;
  /** SHA-256 of the secret: tells it from others without keeping it here. */
  readonly mark: string;
}

interface Change {
  readonly previous: Key;
  readonly times: Pick<Rotation, 'activeFrom' | 'servedUntil'>;
  readonly activeMs: number;
  readonly endMs: number;
  readonly issued: IssuedIdentities;
}

interface Ring {
  readonly newest: Key;
  readonly change: Change | undefined;
}

export class Keyring implements AuthorityShares {
  readonly #parts: KeyringParts;
  #ring: Ring;

  private constructor(parts: KeyringParts, ring: Ring) {
    this.#parts = parts;
    this.#ring = ring;
  }

  /** Copies the secrets; resolves once each has made a share, so that it can work. */
  static async open(master: MasterSecret, parts: KeyringParts): Promise<Keyring> {
    return new Keyring(parts, await openRing(master, parts));
  }

  /** Works with other secrets from now on; questions under way are still answered. */
  async replace(master: MasterSecret): Promise<void> {
    const old = this.#ring;
    this.#ring = await openRing(master, this.#parts);
    await closeRing(old);
  }

  /** Whether a backup says what is known, more of it (`kin`), or nothing of it (`foreign`). */
  relationTo({ secret, rotation }: MasterSecret): 'same' | 'kin' | 'foreign' {
    const { newest, change } = this.#ring;
    const ours = [newest.mark, ...(change === undefined ? [] : [change.previous.mark])];
    const theirs = [secret, ...(rotation === undefined ? [] : [rotation.previous])].map(markOf);
    const times = [rotation?.activeFrom, rotation?.servedUntil].join();
    const known = [change?.times.activeFrom, change?.times.servedUntil].join();
    if (ours.join() === theirs.join() && times === known) return 'same';
    return theirs.some((mark) => ours.includes(mark)) ? 'kin' : 'foreign';
  }

  get startTime(): string {
    return this.#current().startTime;
  }

  async serverSecrets(): Promise<readonly ServerSecretShare[]> {
    const { newest } = this.#ring;
    const change = this.#change();
    if (change === undefined) return [await shareOf(newest)];
    const { activeFrom, servedUntil } = change.times;
    const both = [
      { ...(await shareOf(newest)), activeFrom },
      { ...(await shareOf(change.previous)), servedUntil },
    ];
    return this.#current() === newest ? both : both.reverse();
  }

  async clientSecret(hashMpinId: Uint8Array): Promise<Uint8Array> {
    const change = this.#change();
    const key = this.#current();
    const share = await key.pool.clientSecretShare(hashMpinId);
    if (change !== undefined && key !== change.previous) await change.issued.add(hashMpinId);
    return share;
  }

  timePermits(hashMpinId: Uint8Array, days: readonly number[]): Promise<Uint8Array[]> {
    const change = this.#change();
    const isNew = change === undefined || change.issued.has(hashMpinId);
    const { pool } = isNew ? this.#ring.newest : change.previous;
    return pool.timePermitShares(hashMpinId, days);
  }

  /** Lets what was accepted finish, then ends the threads and wipes the secrets. */
  async close(): Promise<void> {
    await closeRing(this.#ring);
  }

  /** The rotation that lasts now. */
  #change(): Change | undefined {
    const { change } = this.#ring;
    return change !== undefined && this.#parts.clock.now() < change.endMs ? change : undefined;
  }

  /** The secret that new client secrets are made with. */
  #current(): Key {
    const change = this.#change();
    const early = change !== undefined && this.#parts.clock.now() < change.activeMs;
    return early ? change.previous : this.#ring.newest;
  }
}

async function openRing(master: MasterSecret, parts: KeyringParts): Promise<Ring> {
  const { secret, startTime, rotation } = master;
  const started: Key[] = [];
  const start = async (bytes: Uint8Array, time: string): Promise<Key> => {
    const key = { pool: parts.startPool(bytes), startTime: time, mark: markOf(bytes) };
    started.push(key);
    (await key.pool.serverSecretShare()).fill(0);
    return key;
  };
  try {
    const newest = await start(secret, startTime);
    if (rotation === undefined) return { newest, change: undefined };
    const previous = await start(rotation.previous, rotation.previousStartTime);
    const { activeFrom, servedUntil } = rotation;
    const change = {
      previous,
      times: { activeFrom, servedUntil },
      activeMs: parseIsoSeconds(activeFrom) as number,
      endMs: parseIsoSeconds(servedUntil) as number,
      issued: await openIssued(parts.issuedFile, startTime),
    };
    return { newest, change };
  } catch (error) {
    await Promise.all(started.map(({ pool }) => pool.close()));
    throw error;
  }
}

async function closeRing({ newest, change }: Ring): Promise<void> {
  await Promise.all([newest.pool.close(), change?.previous.pool.close()]);
  await change?.issued.close();
}

function markOf(secret: Uint8Array): string {
  return createHash('sha256').update(secret).digest('hex');
}

async function shareOf({ pool, startTime }: Key): Promise<ServerSecretShare> {
  return { share: await pool.serverSecretShare(), startTime };
}
