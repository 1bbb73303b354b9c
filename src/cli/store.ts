/** `mpin store`: the file of `storage = file` by itself. */
import { closeSync, openSync, readFileSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { loadOptions } from '../config/load.js';
import { rpsOptions } from '../config/rps.js';
import { systemClock } from '../protocol/clock.js';
import type { FileStore } from '../store/file/file-store.js';
import { CliError } from './errors.js';

/** It holds the tokens of registrations. */
const FILE_MODE = 0o600;
/** Largest JSON that is read, in bytes: what V8 can hold as a text. */
const JSON_BYTES_MAX = 500_000_000;

const HELP = `
Examples:
  mpin store check /var/lib/mpin/state.mdb
  mpin store export /var/lib/mpin/state.mdb kept.json
  mpin store import /var/lib/mpin/state.mdb kept.json

Exported and imported are failures of identities, locks included, revocations and registrations
under way. The service may go on meanwhile. Import adds: failures where fewer are counted, and what
is not there. The JSON storage of the old servers is not documented and cannot be imported.
`;

export function addStoreCommands(program: Command): void {
  const command = program
    .command('store')
    .description('the file of storage = file: check, export, import')
    .addHelpText('after', HELP);
  command
    .command('check')
    .argument('<file>', 'the file of the store')
    .description('read everything in it; exit code 1 when it is damaged')
    .action((file: string) => withStore(file, async (store) => store.check()));
  command
    .command('export')
    .argument('<file>', 'the file of the store')
    .argument('<json>', 'the file to write; it must not be there yet')
    .description('write what is worth keeping as JSON')
    .action((file: string, json: string) => withStore(file, (store) => exportTo(store, json)));
  command
    .command('import')
    .argument('<file>', 'the file of the store; made when it is not there')
    .argument('<json>', 'what was exported')
    .description('add what was exported')
    .action((file: string, json: string) =>
      withStore(file, (store) => importFrom(store, json), false),
    );
}

async function withStore(
  file: string,
  use: (store: FileStore) => Promise<void>,
  mustExist = true,
): Promise<void> {
  const path = resolve(file);
  if (mustExist && statSync(path, { throwIfNoEntry: false }) === undefined) {
    throw new CliError(`${file}: there is no such file`);
  }
  const { openFileStore } = await import('../store/file/file-store.js');
  const clock = systemClock();
  const options = loadOptions(rpsOptions, { env: {}, flags: {} });
  let store: FileStore | undefined;
  try {
    store = openFileStore({
      ...options,
      file: path,
      sync: true,
      bytesMax: options.fileStorageBytesMax,
      now: () => clock.now(),
    });
    await use(store);
  } catch (error) {
    throw new CliError(`${file}: ${(error as Error).message}`);
  } finally {
    await store?.close();
  }
}

async function exportTo(store: FileStore, json: string): Promise<void> {
  const { writeKept } = await import('../store/file/json.js');
  // Fails when it is there: what somebody else may read, or needs, is not written over.
  const descriptor = openSync(json, 'wx', FILE_MODE);
  try {
    for (const piece of writeKept(store.kept())) writeSync(descriptor, piece);
  } catch (error) {
    unlinkSync(json);
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

async function importFrom(store: FileStore, json: string): Promise<void> {
  const { readKept } = await import('../store/file/json.js');
  const { size } = statSync(json);
  if (size > JSON_BYTES_MAX) throw new Error(`${json} is larger than ${JSON_BYTES_MAX} bytes`);
  const added = await store.restore(readOf(json, readKept));
  process.stdout.write(
    `added: failures of ${added.failures} identities, ${added.revoked} revocations, ` +
      `${added.registrations} registrations\n`,
  );
}

function readOf<T>(json: string, read: (text: string) => T): T {
  try {
    return read(readFileSync(json, 'utf8'));
  } catch (error) {
    throw new Error(`${json}: ${(error as Error).message}`);
  }
}
