import { hash } from 'node:crypto';
import { bulk } from './command.js';

/** The keys of one command, which share a tag. */
export type KeyNames = readonly [string, ...string[]];

/**
 * A Lua script. Redis knows it by the hash of its text, so instances of different versions each
 * run their own, whatever others have loaded.
 */
export interface Script {
  /** For error messages and tests. */
  readonly name: string;
  readonly lua: string;
  /** How its command begins on the wire: EVALSHA and its SHA-1. */
  readonly head: string;
}

export function script(name: string, lua: string): Script {
  return { name, lua, head: bulk('evalsha') + bulk(hash('sha1', lua)) };
}
