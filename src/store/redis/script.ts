import { hash } from 'node:crypto';

/**
 * A Lua script. Redis knows it by the hash of its text, so instances of different versions each
 * run their own, whatever others have loaded.
 */
export interface Script {
  /** For error messages and tests. */
  readonly name: string;
  readonly lua: string;
  /** Its SHA-1 in hex, as EVALSHA wants it. */
  readonly sha: string;
}

export function script(name: string, lua: string): Script {
  return { name, lua, sha: hash('sha1', lua) };
}
