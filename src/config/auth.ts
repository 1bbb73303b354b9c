/** Options of `mpin auth`, the separate M-Pin server: those of the RPS that it needs, and one. */
import { type OptionSpec, type OptionsOf, port, secret, url } from './option.js';
import { redisOptions } from './redis.js';
import { type RpsOptions, rpsOptions } from './rps.js';

const SHARED = [
  'address',
  'allowOrigin',
  'privateAllow',
  'trustedProxies',
  'tlsCertFile',
  'tlsKeyFile',
  'privateAddress',
  'privatePort',
  'privateTlsCertFile',
  'privateTlsKeyFile',
  'rpaCaFile',
  'credentialsFile',
  'logLevel',
  'autoReload',
  'certivoxServerSecret',
  'DTALocalURL',
  'OTTLength',
  'requestOTP',
  'usePermits',
  'onePass',
  'pinError',
  'cryptoThreads',
  'cryptoProvider',
  'verifyQueueMax',
  'storage',
  'challengesMax',
  'identityBytesMax',
  'noncesMax',
  'connectionsMax',
  'socketsMax',
  'loginsInFlightMax',
  'loginWaitMsMax',
  'turnMsMax',
  'addressRequestsPerSecond',
  'addressRequestsBurst',
  'addressFailuresPerMinute',
  'addressFailuresBurst',
  'rateAddressesMax',
  'stopPauseMs',
  'stopDrainMs',
  'syncTime',
  'timePeriod',
  'timeOffsetMax',
  'EntropySources',
  'entropyURL',
] as const satisfies readonly (keyof typeof rpsOptions)[];

export const authOptions = {
  ...pick(rpsOptions, SHARED),
  ...redisOptions,
  port: port(8002, 'Port to listen on; 0 for any free one'),
  rpaSecret: secret(
    '',
    'The rpaSecret of the RPS, which results are delivered with; whoever calls a private route ' +
      'here must send it too. Empty for none',
  ),
  RPSURL: url('http://127.0.0.1:8011', 'URL of the RPS that results are delivered to'),
};

export type AuthOptions = OptionsOf<typeof authOptions>;

/** The options of an RPS that does what is asked of the M-Pin server, all others as they are. */
export function rpsOptionsFor(options: AuthOptions): RpsOptions {
  const { RPSURL: _, ...shared } = options;
  const initial = Object.entries(rpsOptions).map(([name, { initial }]) => [name, initial]);
  return { ...(Object.fromEntries(initial) as RpsOptions), ...shared };
}

function pick<T extends Readonly<Record<string, OptionSpec>>, K extends keyof T>(
  table: T,
  names: readonly K[],
): Pick<T, K> {
  return Object.fromEntries(names.map((name) => [name, table[name]])) as Pick<T, K>;
}
