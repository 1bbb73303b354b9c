/**
 * Which identities have got a client secret of the new master secret while the one before it is
 * still served. Nothing in a permit query tells (its form is fixed by deployed clients), and a
 * permit of the other secret would make every login fail. What is not in here has one of before.
 */
import type { Database, RootDatabase } from 'lmdb';
import { Ledger } from './ledger.js';

/** Largest file: 25 million identities at 80 bytes. Address space, not memory. */
const MAP_BYTES_MAX = 2 ** 31;
const META = Buffer.from('rotation');

export interface IssuedIdentities {
  /** Resolves once it is on disk: only then may the client secret leave. */
  add(hashMpinId: Uint8Array): Promise<void>;
  has(hashMpinId: Uint8Array): boolean;
  close(): Promise<void>;
}

/**
 * Opens the file; what it knows of an earlier rotation is forgotten.
 * @param rotation names the rotation: the startTime of its new secret
 */
export async function openIssued(file: string, rotation: string): Promise<IssuedIdentities> {
  const ledger = new Ledger({ path: file, isFolder: false, mapBytesMax: MAP_BYTES_MAX }, tablesOf);
  const { hashes } = ledger.tables;
  const name = Buffer.from(rotation);
  await ledger.run(() => {
    if (hashes.get(META)?.equals(name) === true) return;
    hashes.clearSync();
    hashes.putSync(META, name);
  });
  const nothing = Buffer.alloc(0);
  return {
    add: async (hash) => {
      const key = Buffer.from(hash);
      if (hashes.get(key) === undefined) await ledger.run(() => hashes.putSync(key, nothing));
    },
    has: (hash) => hashes.get(Buffer.from(hash)) !== undefined,
    close: () => ledger.close(),
  };
}

function tablesOf(root: RootDatabase): { readonly hashes: Database<Buffer, Buffer> } {
  const binary = { encoding: 'binary', keyEncoding: 'binary' } as const;
  return { hashes: root.openDB<Buffer, Buffer>({ name: 'hashes', ...binary }) };
}
