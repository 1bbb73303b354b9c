/**
 * Which identities have got a client secret of the new master secret while the one before it is
 * still served. Nothing in a permit query tells (its form is fixed by deployed clients), and a
 * permit of the other secret would make every login fail. What is not in here has one of before.
 */
import { type Database, open } from 'lmdb';

/** Largest file: 25 million identities at 80 bytes. Address space, not memory. */
const MAP_BYTES_MAX = 2 ** 31;
/** Not among the library's declared options. */
const OWNER_ONLY = { permissionsMode: 0o600 };
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
  const db: Database<Buffer, Buffer> = open({
    path: file,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    mapSize: MAP_BYTES_MAX,
    ...OWNER_ONLY,
  });
  const name = Buffer.from(rotation);
  if (db.get(META)?.equals(name) !== true) {
    await db.clearAsync();
    await db.put(META, name);
  }
  await db.flushed;
  const nothing = Buffer.alloc(0);
  return {
    add: async (hash) => {
      const key = Buffer.from(hash);
      if (db.get(key) !== undefined) return;
      await db.put(key, nothing);
      await db.flushed;
    },
    has: (hash) => db.get(Buffer.from(hash)) !== undefined,
    close: () => db.close(),
  };
}
