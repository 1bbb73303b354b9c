/** Identities as files of a folder, readable by their owner alone. Node's side of the storage. */
import { createHash, randomUUID } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IdentityKey, IdentityStorage, StoredIdentity } from './storage.js';

/** A name is a hash, because users and URLs may hold anything; this many hex digits of it. */
const NAME_LENGTH = 32;
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** A storage in `folder`, which is made when first needed. */
export function folderStorage(folder: string): IdentityStorage {
  const fileOf = (key: IdentityKey): string => join(folder, `${nameOf(key)}.json`);
  return {
    load: (key) => readIdentity(fileOf(key)),
    save: async (key, identity) => {
      await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
      await chmod(folder, FOLDER_MODE);
      await replaceFile(fileOf(key), `${JSON.stringify({ ...key, ...identity }, null, 2)}\n`);
    },
    remove: (key) => rm(fileOf(key), { force: true }),
  };
}

async function readIdentity(file: string): Promise<StoredIdentity | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as StoredIdentity;
  } catch {
    throw new Error(`${file} is damaged: delete it and register again`);
  }
}

/** A crash leaves the old file or the new one, never half of it. */
async function replaceFile(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, text, { mode: FILE_MODE, flag: 'wx' });
  await rename(draft, file);
}

function nameOf({ baseUrl, userId }: IdentityKey): string {
  const digest = createHash('sha256').update(JSON.stringify([baseUrl, userId]));
  return digest.digest('hex').slice(0, NAME_LENGTH);
}
