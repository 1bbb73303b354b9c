/** Commands in the form in which they go over the wire. */
import { Command } from 'ioredis';
import type { KeyNames, Script } from './script.js';

export type Argument = string | number | Buffer;

/**
 * A command that is written down when it is made. What ioredis does for any command (copy, flatten
 * and convert its arguments, then put dozens of pieces into a buffer) costs more than all else that
 * an instance does for its Redis. And as ioredis does not see the arguments, no error shows them.
 */
export class WireCommand extends Command {
  readonly #wire: string;
  readonly #key: string;

  /**
   * @param wire from one of the functions below
   * @param key the first of it: where a cluster must send it
   */
  constructor(name: string, wire: string, key: string) {
    super(name);
    this.#wire = wire;
    this.#key = key;
  }

  override toWritable(): Buffer {
    return Buffer.from(this.#wire, 'latin1');
  }

  override getKeys(): string[] {
    return [this.#key];
  }
}

/** A command with its arguments, as text in which each character stands for one byte. */
export function wireOf(name: string, args: readonly Argument[]): string {
  let wire = `*${1 + args.length}\r\n${bulk(name)}`;
  for (const arg of args) wire += bulk(bytesOf(arg));
  return wire;
}

/** The same of EVALSHA for a script. */
export function scriptWireOf(script: Script, keys: KeyNames, args: readonly Argument[]): string {
  let wire = `*${3 + keys.length + args.length}\r\n${script.head}${bulk(`${keys.length}`)}`;
  for (const key of keys) wire += bulk(bytesOf(key));
  for (const arg of args) wire += bulk(bytesOf(arg));
  return wire;
}

/** @param bytes text in which each character stands for one byte */
export function bulk(bytes: string): string {
  return `$${bytes.length}\r\n${bytes}\r\n`;
}

function bytesOf(arg: Argument): string {
  if (typeof arg === 'number') return `${arg}`;
  if (typeof arg !== 'string') return arg.toString('latin1');
  // Nearly all is ASCII, and stands for itself.
  return Buffer.byteLength(arg) === arg.length ? arg : Buffer.from(arg).toString('latin1');
}
