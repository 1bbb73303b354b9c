/** The role `mpin dta`: the trusted authority of the customer, asked by the RPS alone. */
import { tlsFiles } from '../config/access.js';
import { type DtaOptions, dtaOptions } from '../config/dta.js';
import { LiveOptions } from '../config/live.js';
import { concernsTime } from '../config/time.js';
import { createOutgoing } from '../http/outgoing.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import { TimeSync } from '../ops/time-sync.js';
import { OffsetClock } from '../protocol/clock.js';
import { startAuthority } from './authority.js';
import { watchedCredentials } from './known-applications.js';
import { isLoopback } from './loopback.js';
import { applicationOf, applicationsOf, type FindApplication } from './signed-query.js';

/** Limits of the questions for the time: a start waits for the first of them. */
const TIME_CALLS = { connectionsMax: 1, timeoutMs: 3_000, bodyBytesMax: 1_024 } as const;

/**
 * Starts the D-TA; it listens when this resolves, and is ready after a try to know the time.
 * @throws an Error fit for the operator's eyes when credentials, backup, address or port are not
 * usable
 */
export async function startDta(given: DtaOptions, context: RoleContext): Promise<RunningRole> {
  const { log } = context;
  const live = new LiveOptions(dtaOptions, given);
  const { options } = live;
  const { address: host, port, allowFrom, credentialsFile } = options;
  const credentials = watchedCredentials(credentialsFile, log);
  demandPrivate(options, context);
  const find: FindApplication = (appId) =>
    applicationsOf([applicationOf(credentials.content)])(appId);
  const clock = new OffsetClock(context.clock);
  const tls = tlsFiles(options);
  const role = await startAuthority({ host, port, allowFrom, find, tls, options }, { log, clock });
  const outgoing = createOutgoing(TIME_CALLS);
  const ask = () => outgoing.getJson(`${credentials.content.apiUrl}time`);
  const time = new TimeSync({ clock, ask, settings: options, log });
  live.onChange((changed) => {
    if (concernsTime(changed)) void time.now();
  });
  return {
    ...role,
    ready: time.now(),
    reconfigure: (changes) => live.apply(changes),
    reload: () => {
      credentials.readAgain();
      role.reload();
    },
    stop: async () => {
      time.stop();
      await credentials.stop();
      await role.stop();
      await outgoing.close();
    },
  };
}

/** Queries and shares are readable on the way, and whoever can ask can ask for every secret. */
function demandPrivate(options: DtaOptions, { log }: RoleContext): void {
  const { address, allowFrom, allowPublicAddress } = options;
  if (isLoopback(address)) return;
  if (!allowPublicAddress) {
    throw new Error(
      `address "${address}": a D-TA must never be reachable in public, and this is no loopback ` +
        'address. In a private network set allowPublicAddress, and allowFrom to the RPS alone',
    );
  }
  log.warn(
    { address, allowFrom },
    'the D-TA listens beyond this machine: it must never be reachable in public',
  );
}
