/** What makes a file one of ours: a record that names the program and the version of its form. */
import type { Engine } from './engine.js';

const KEY = Buffer.from('V');
const FORMAT = Buffer.from('mpin-store 1');

/** Claims an empty file; throws an Error for one with something else in it. */
export function demandFormat(engine: Engine, file: string): void {
  const found = engine.transaction(() => {
    const known = engine.get(KEY);
    if (known !== undefined || engine.keysBetween(Buffer.alloc(1), LAST_KEY, 1).length > 0) {
      return known;
    }
    engine.put(KEY, FORMAT);
    return FORMAT;
  });
  if (found?.equals(FORMAT)) return;
  const what = found === undefined ? 'a database of another program' : `"${found}"`;
  throw new Error(`fileStorageLocation: ${file} is ${what}, and not "${FORMAT}"`);
}

/** Above all keys that LMDB gives anyone: ours begin with a letter. */
const LAST_KEY = Buffer.alloc(8, 0xff);
