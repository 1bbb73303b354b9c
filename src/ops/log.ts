/**
 * The log: one JSON line an event, to stderr, so that stdout stays free for what a command
 * prints. Level names are those of the old servers' `logLevel` option (contract §10).
 */
import { type DestinationStream, type Logger, pino } from 'pino';

const LEVELS: Readonly<Record<string, string>> = {
  CRITICAL: 'fatal',
  ERROR: 'error',
  WARNING: 'warn',
  WARN: 'warn',
  INFO: 'info',
  DEBUG: 'debug',
  ALL: 'trace',
};

/** The names that {@link createLog} takes, in either case. */
export const LOG_LEVELS: readonly string[] = Object.keys(LEVELS);

/**
 * Fields that are never written, wherever a careless object brings them. This is the net below
 * the rule, not the rule: log calls name the few fields they mean.
 */
const SECRET_FIELDS = [
  'U',
  'UT',
  'V',
  'y',
  'OTP',
  'otp',
  'pin',
  'token',
  'passphrase',
  'signature',
  'app_key',
  'appKey',
  'mpin_id',
  'mpinId',
  'authOTT',
  'regOTT',
  'webOTT',
  'activateKey',
  'activateCode',
  'clientSecret',
  'clientSecretShare',
  'serverSecret',
  'serverSecretShare',
  'masterSecret',
  'timePermit',
  'timePermits',
  'cookie',
  'set-cookie',
  'authorization',
];

/** How deep below the logged object a secret field is still found. */
const REDACT_DEPTH = 3;

export interface LogOptions {
  readonly level: string;
  /** The role that speaks. */
  readonly name: string;
  readonly destination?: DestinationStream;
}

/** A logger; throws an Error that lists the level names when `level` is none of them. */
export function createLog({ level, name, destination }: LogOptions): Logger {
  const options = {
    name,
    level: pinoLevel(level),
    redact: { paths: redactedPaths(), censor: '[secret]' },
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  // Written at once: the last line before an exit is the one that matters most.
  return pino(options, destination ?? pino.destination({ dest: 2, sync: true }));
}

/** pino's name of a level. Throws an Error that lists the level names when it is none of them. */
export function pinoLevel(level: string): string {
  const known = Object.hasOwn(LEVELS, level.toUpperCase());
  const found = known ? LEVELS[level.toUpperCase()] : undefined;
  if (found === undefined) {
    throw new Error(`logLevel "${level}" is none of ${LOG_LEVELS.join(', ')}`);
  }
  return found;
}

function redactedPaths(): string[] {
  const prefixes = Array.from({ length: REDACT_DEPTH }, (_, depth) => '*.'.repeat(depth));
  return prefixes.flatMap((prefix) =>
    SECRET_FIELDS.map((field) => {
      return prefix === '' ? `["${field}"]` : `${prefix.slice(0, -1)}["${field}"]`;
    }),
  );
}
