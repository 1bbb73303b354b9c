/** Whether a file is sound: each record can be read, and what was counted is there. */
import type { Registration } from '../store.js';
import { COUNT_NAMES, type CountName, countsIn } from './counts.js';
import { decodeIdentity, isFailing } from './identity-record.js';
import { decodePermits } from './permit-record.js';
import { decodeResult } from './result-record.js';
import { endOf, NEVER_MS, payloadOf } from './table.js';

type Tally = Record<CountName, number>;

/** By the first letter of their keys: reads a record and adds what it counts for. */
const KINDS: Readonly<Record<string, (payload: Buffer, tally: Tally) => void>> = {
  I: (payload, tally) => {
    const state = decodeIdentity(payload);
    tally.challenges += state.challenges.length;
    if (isFailing(state)) tally.failingIdentities += 1;
  },
  R: (payload, tally) => {
    decodeResult(payload);
    tally.results += 1;
  },
  G: (payload, tally) => {
    if (typeof (JSON.parse(`${payload}`) as Registration).mpinId !== 'string') throw new Error();
    tally.registrations += 1;
  },
  P: (payload, tally) => {
    decodePermits(payload);
    tally.permitIdentities += 1;
  },
  M: json('meetings'),
  W: json('wids'),
  S: json('mobileResults'),
  Q: json('reports'),
  O: json('otps'),
  N: json('nonces'),
  K: json('counters'),
  X: json('revocations'),
};

function json(name: CountName) {
  return (payload: Buffer, tally: Tally): void => {
    JSON.parse(`${payload}`);
    tally[name] += 1;
  };
}

const INDEX = 'E';
const COUNTS = 'C';
const FORMAT = 'V';
/** A record that is there for a moment, to see whether it can be. */
export const TRIAL = 'T';

/** @throws Error that says in a few words what is wrong */
export function checkEntries(entries: Iterable<{ key: Buffer; value: Buffer }>): void {
  const tally = Object.fromEntries(COUNT_NAMES.map((name) => [name, 0])) as Tally;
  let counted: Buffer | undefined;
  let ends = 0;
  let ending = 0;
  for (const { key, value } of entries) {
    const kind = String.fromCharCode(key[0] ?? 0);
    if (kind === COUNTS) counted = value;
    else if (kind === INDEX) ends += 1;
    else if (kind !== FORMAT && kind !== TRIAL) {
      readRecord(kind, value, tally);
      tally.bytes += key.length + value.length;
      if (endOf(value) !== NEVER_MS) ending += 1;
    }
  }
  const counts = countsIn(() => counted);
  for (const name of COUNT_NAMES) {
    if (counts[name] === tally[name]) continue;
    throw new Error(`${name} are ${tally[name]}, and ${counts[name]} were counted`);
  }
  if (ends !== ending) throw new Error(`${ending} records have ${ends} ends`);
}

function readRecord(kind: string, value: Buffer, tally: Tally): void {
  const read = KINDS[kind];
  if (read === undefined) throw new Error('a record of an unknown kind');
  try {
    read(payloadOf(value), tally);
  } catch {
    // The words of the fault may quote the record.
    throw new Error(`a record of kind ${kind} cannot be read`);
  }
}
