/** The role `mpin dta`: the trusted authority of the customer, asked by the RPS alone. */
import { readCredentials } from '../config/credentials.js';
import { type DtaOptions, dtaOptions } from '../config/dta.js';
import { LiveOptions } from '../config/live.js';
import { concernsTime } from '../config/time.js';
import { createOutgoing } from '../http/outgoing.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import { TimeSync } from '../ops/time-sync.js';
import { OffsetClock } from '../protocol/clock.js';
import { startAuthority } from './authority.js';
import { isLoopback } from './loopback.js';

/** Limits of the questions for the time: a start waits for the first of them. */
const TIME_CALLS = { connectionsMax: 1, timeoutMs: 3_000, bodyBytesMax: 1_024 } as const;

/**
 * Starts the D-TA; it listens when this resolves, and is ready after a try to know the time.
 * @throws an Error fit for the operator's eyes when credentials, backup or port are not usable
 */
export async function startDta(given: DtaOptions, context: RoleContext): Promise<RunningRole> {
  const live = new LiveOptions(dtaOptions, given);
  const { options } = live;
  const { address: host, port, allowFrom, credentialsFile } = options;
  const application = readCredentials(credentialsFile);
  if (!isLoopback(host)) {
    context.log.warn(
      { address: host, allowFrom },
      'the D-TA listens beyond this machine: it must never be reachable in public',
    );
  }
  const clock = new OffsetClock(context.clock);
  const settings = { host, port, allowFrom, application, options };
  const role = await startAuthority(settings, { log: context.log, clock });
  const outgoing = createOutgoing(TIME_CALLS);
  const ask = () => outgoing.getJson(`${application.apiUrl}time`);
  const time = new TimeSync({ clock, ask, settings: options, log: context.log });
  live.onChange((changed) => {
    if (concernsTime(changed)) void time.now();
  });
  return {
    ...role,
    ready: time.now(),
    reconfigure: (changes) => live.apply(changes),
    stop: async () => {
      time.stop();
      await role.stop();
      await outgoing.close();
    },
  };
}
