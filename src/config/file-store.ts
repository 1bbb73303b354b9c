/** Options of the store in a file (contract §10), with `storage = file`. */
import { bool, int, type OptionTable, path } from './option.js';

export const fileStoreOptions = {
  fileStorageLocation: path(
    '',
    'File for the state, which instances of one machine share; a disk of this machine, not a ' +
      'network’s. Needed with storage = file',
  ),
  fileStorageSync: bool(
    false,
    'Answer when it is on the disk: a power loss then costs nothing, and each answer waits for ' +
      'the disk. Without, only the end of the machine loses anything, never that of a process',
  ),
  fileStorageBytesMax: int(
    2_000_000_000,
    'bytes',
    'All entries together; the file takes up to about twice as much. What is new gets 503 then',
    { min: 1_000_000, max: 1_000_000_000_000 },
  ),
} as const satisfies OptionTable;
