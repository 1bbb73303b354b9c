/** What went wrong with Redis, in words that hold no secret. */
import { StoreError } from '../store.js';

/**
 * What is known to go wrong, by the first word of Redis's answer or the code of the connection's
 * error. Everything else is shown by that word alone: answers may quote the command, and commands
 * hold tokens and passwords.
 */
const MEANINGS: Readonly<Record<string, string>> = {
  OOM: 'it has reached maxmemory and takes in nothing new',
  READONLY: 'it is a read-only replica',
  LOADING: 'it is still loading its data',
  MASTERDOWN: 'it is a replica that has lost its master',
  CLUSTERDOWN: 'the cluster is down, in whole or for this key',
  TRYAGAIN: 'the cluster is moving this key',
  MISCONF: 'it cannot save its data, and so takes in nothing',
  NOREPLICAS: 'it has too few replicas to take in anything',
  WRONGPASS: 'it refuses our user name and password',
  NOAUTH: 'it demands a password',
  NOPERM: 'our user may not do what we need',
  BUSY: 'it is busy with a script of someone else',
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ENOENT: 'there is no such socket or host',
  ENOTFOUND: 'its host name is unknown',
  EACCES: 'its socket is not for us',
  ETIMEDOUT: 'it does not answer',
};

/** Messages of ioredis itself, which carry no code. */
const OWN_WORDS: readonly (readonly [RegExp, string])[] = [
  [/^Command timed out|^Socket timeout|^timeout$/, 'ETIMEDOUT'],
  [/^Reached the max retries|^Connection is closed|aborted due to connection/, 'ECONNRESET'],
  [/^Stream isn't writeable|^Cluster isn't ready|^Cluster is (ended|disconnect)/, 'NOTCONNECTED'],
  [/^All sentinels are unreachable/, 'NOSENTINEL'],
  [/^Failed to refresh slots cache/, 'NOCLUSTER'],
  [/^Too many Cluster redirections/, 'REDIRECTED'],
];

/** One word for an error: `OOM`, `ECONNREFUSED`. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string' && code !== '') return code;
  const own = OWN_WORDS.find(([words]) => words.test(error.message));
  if (own !== undefined) return own[1];
  // A script's error may be that of a command in it, after a dash.
  const word = /^(?:ERR Error running script.*: -)?([A-Z][A-Z]+)\b/s.exec(error.message);
  return word?.[1] ?? error.name;
}

/** For the log: the word, and what it means where that is known. */
export function describe(code: string): string {
  const meaning = MEANINGS[code];
  return meaning === undefined ? code : `${meaning} (${code})`;
}

export function storeError(error: unknown): StoreError {
  const code = codeOf(error);
  return new StoreError(code === 'OOM' ? 'full' : 'unavailable', `Redis: ${describe(code)}`);
}
