/** Identities in the browser: in IndexedDB, or in localStorage where that is not to be had. */
import type { IdentityKey, IdentityStorage, StoredIdentity } from '../../client/storage.js';
import { systemClock } from '../../protocol/clock.js';

/** What a list of identities shows. */
export interface IdentitySummary {
  readonly userId: string;
  readonly deviceName: string | undefined;
  /** `pending` has no PIN yet. */
  readonly state: 'ready' | 'pending';
  /** Wrong PINs since the last right one. */
  readonly wrongPins: number;
}

export interface BrowserStorage extends IdentityStorage {
  /** Identities at one server, the last used first. */
  list(baseUrl: string): Promise<IdentitySummary[]>;
  /** Moves an identity to the front of the list. */
  touch(key: IdentityKey): Promise<void>;
}

interface StoredRecord extends IdentityKey {
  readonly identity: StoredIdentity;
  readonly usedAtMs: number;
}

/** A table of records by their name; each of its calls is atomic. */
interface Table {
  get(name: string): Promise<StoredRecord | undefined>;
  put(name: string, record: StoredRecord): Promise<void>;
  delete(name: string): Promise<void>;
  all(): Promise<StoredRecord[]>;
}

/** @param name tells stores of one origin apart, e.g. that of the page that plays the phone */
export function browserStorage(name = 'mpin'): BrowserStorage {
  const clock = systemClock();
  const table = openTable(name);
  const nameOf = ({ baseUrl, userId }: IdentityKey) => JSON.stringify([baseUrl, userId]);
  const put = async ({ baseUrl, userId }: IdentityKey, identity: StoredIdentity) => {
    const record = { baseUrl, userId, identity, usedAtMs: clock.now() };
    await (await table).put(nameOf(record), record);
  };
  const load = async (key: IdentityKey) => (await (await table).get(nameOf(key)))?.identity;
  return {
    load,
    save: put,
    remove: async (key) => (await table).delete(nameOf(key)),
    touch: async (key) => {
      const identity = await load(key);
      if (identity !== undefined) await put(key, identity);
    },
    list: async (baseUrl) => {
      const records = (await (await table).all()).filter((one) => one.baseUrl === baseUrl);
      return records.sort((a, b) => b.usedAtMs - a.usedAtMs).map(summaryOf);
    },
  };
}

function summaryOf({ userId, identity }: StoredRecord): IdentitySummary {
  const { ready, deviceName } = identity;
  const state = ready === undefined ? 'pending' : 'ready';
  return { userId, deviceName, state, wrongPins: ready?.wrongPins ?? 0 };
}

/** Some browsers refuse IndexedDB in private windows. */
async function openTable(name: string): Promise<Table> {
  try {
    return indexedTable(await openDatabase(name));
  } catch {
    return localTable(`${name}:`);
  }
}

const STORE = 'identities';

function openDatabase(name: string): Promise<IDBDatabase> {
  const request = indexedDB.open(name, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return resultOf(request);
}

function indexedTable(database: IDBDatabase): Table {
  const store = (mode: IDBTransactionMode) => database.transaction(STORE, mode).objectStore(STORE);
  return {
    get: (name) => resultOf<StoredRecord | undefined>(store('readonly').get(name)),
    put: async (name, record) => void (await resultOf(store('readwrite').put(record, name))),
    delete: (name) => resultOf(store('readwrite').delete(name)),
    all: () => resultOf<StoredRecord[]>(store('readonly').getAll()),
  };
}

function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function localTable(prefix: string): Table {
  const read = (key: string): StoredRecord | undefined => {
    const text = localStorage.getItem(key);
    return text === null ? undefined : (JSON.parse(text) as StoredRecord);
  };
  return {
    get: async (name) => read(prefix + name),
    put: async (name, record) => localStorage.setItem(prefix + name, JSON.stringify(record)),
    delete: async (name) => localStorage.removeItem(prefix + name),
    all: async () =>
      Object.keys(localStorage)
        .filter((key) => key.startsWith(prefix))
        .flatMap((key) => read(key) ?? []),
  };
}
