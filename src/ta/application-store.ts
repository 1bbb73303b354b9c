/**
 * The applications that have registered, in LMDB: each change is one transaction and on disk when
 * it is answered, several processes (the service, an operator's command) share the file, and a
 * crash loses nothing that was told to anyone.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import type { Database, RootDatabase } from 'lmdb';
import { Ledger } from './ledger.js';
import type { Application } from './signed-query.js';

const APP_ID_BYTES = 16;
const APP_KEY_BYTES = 32;
/** Largest file: a million applications and more. Address space, not memory. */
const MAP_BYTES_MAX = 2 ** 31;
const FOLDER_MODE = 0o700;

/** An application as it is kept. Times are milliseconds since 1970. */
export interface StoredApplication {
  readonly appId: string;
  /** Secret. */
  readonly appKey: string;
  /** The key before the last rotation, good until its time. */
  readonly previous?: { readonly appKey: string; readonly untilMs: number };
  /** Who registered it, as hex of what they said. */
  readonly contactHex: string;
  readonly issuedMs: number;
  readonly disabledMs?: number;
}

export interface KeyRotation {
  readonly overlapMs: number;
  /** One of the application's keys. Secret. */
  readonly keep?: string;
}

export interface ApplicationStore {
  /** Who may sign now: undefined for unknown and disabled ones. */
  find(appId: string): Application | undefined;
  get(appId: string): StoredApplication | undefined;
  list(): Iterable<StoredApplication>;
  count(): number;
  /** A new application with a key of its own. */
  issue(contactHex: string): Promise<StoredApplication>;
  /** False when there is no such application. */
  setDisabled(appId: string, disabled: boolean): Promise<boolean>;
  /**
   * A new key beside an old one, which is good for `overlapMs` more: the one in use, or that by
   * which the new one was asked for. So nobody is locked out by a reply that was lost.
   */
  rotateKey(appId: string, rotation: KeyRotation): Promise<StoredApplication | undefined>;
  /** True the first time a token is seen until then: nobody else can have it taken. */
  takeOnce(token: string, untilMs: number): Promise<boolean>;
  close(): Promise<void>;
}

/** Opens the folder, making what is missing; readable by its owner alone. */
export function openApplications(folder: string, now: () => number): ApplicationStore {
  mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  chmodSync(folder, FOLDER_MODE);
  // A folder also when its name looks like a file's, which the library would take for one.
  const options = { path: folder, isFolder: true, mapBytesMax: MAP_BYTES_MAX };
  return new LmdbApplications(new Ledger(options, tablesOf), now);
}

interface Tables extends Readonly<Record<string, Database>> {
  readonly applications: Database<StoredApplication, string>;
  /** Tokens that were taken, by when they may be forgotten. */
  readonly taken: Database<number, string>;
}

function tablesOf(root: RootDatabase): Tables {
  return {
    applications: root.openDB({ name: 'applications', encoding: 'json' }),
    taken: root.openDB({ name: 'taken', encoding: 'json' }),
  };
}

class LmdbApplications implements ApplicationStore {
  readonly #ledger: Ledger<Tables>;
  readonly #now: () => number;
  readonly #applications: Tables['applications'];

  constructor(ledger: Ledger<Tables>, now: () => number) {
    this.#ledger = ledger;
    this.#now = now;
    this.#applications = ledger.tables.applications;
  }

  find(appId: string): Application | undefined {
    const stored = this.get(appId);
    if (stored === undefined || stored.disabledMs !== undefined) return undefined;
    const { appKey, previous } = stored;
    const isGood = previous !== undefined && this.#now() < previous.untilMs;
    return { appId, keys: isGood ? [appKey, previous.appKey] : [appKey] };
  }

  get(appId: string): StoredApplication | undefined {
    return this.#applications.get(appId);
  }

  list(): Iterable<StoredApplication> {
    return this.#applications.getRange().map(({ value }) => value);
  }

  count(): number {
    return this.#applications.getCount();
  }

  async issue(contactHex: string): Promise<StoredApplication> {
    const application = {
      appId: randomBytes(APP_ID_BYTES).toString('hex'),
      appKey: newKey(),
      contactHex,
      issuedMs: this.#now(),
    };
    await this.#ledger.run(() => this.#applications.putSync(application.appId, application));
    return application;
  }

  async setDisabled(appId: string, disabled: boolean): Promise<boolean> {
    const changed = await this.#change(appId, ({ disabledMs, ...rest }) =>
      disabled ? { ...rest, disabledMs: disabledMs ?? this.#now() } : rest,
    );
    return changed !== undefined;
  }

  rotateKey(
    appId: string,
    { overlapMs, keep }: KeyRotation,
  ): Promise<StoredApplication | undefined> {
    return this.#change(appId, (stored) => ({
      ...stored,
      appKey: newKey(),
      previous: { appKey: keep ?? stored.appKey, untilMs: this.#now() + overlapMs },
    }));
  }

  takeOnce(token: string, untilMs: number): Promise<boolean> {
    const now = this.#now();
    const { taken } = this.#ledger.tables;
    return this.#ledger.run(() => {
      for (const { key } of [...taken.getRange()].filter(({ value }) => value < now)) {
        taken.removeSync(key);
      }
      if (taken.doesExist(token)) return false;
      taken.putSync(token, untilMs);
      return true;
    });
  }

  close(): Promise<void> {
    return this.#ledger.close();
  }

  #change(
    appId: string,
    change: (stored: StoredApplication) => StoredApplication,
  ): Promise<StoredApplication | undefined> {
    return this.#ledger.run(() => {
      const stored = this.#applications.get(appId);
      if (stored === undefined) return undefined;
      const next = change(stored);
      this.#applications.putSync(appId, next);
      return next;
    });
  }
}

function newKey(): string {
  return randomBytes(APP_KEY_BYTES).toString('hex');
}
