/** The role `mpin dta`: the trusted authority of the customer, asked by the RPS alone. */
import { readCredentials } from '../config/credentials.js';
import type { DtaOptions } from '../config/dta.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import { startAuthority } from './authority.js';
import { isLoopback } from './loopback.js';

/**
 * Starts the D-TA; it is ready when this resolves.
 * @throws an Error fit for the operator's eyes when credentials, backup or port are not usable
 */
export async function startDta(options: DtaOptions, context: RoleContext): Promise<RunningRole> {
  const { address: host, port, allowFrom, credentialsFile } = options;
  const application = readCredentials(credentialsFile);
  if (!isLoopback(host)) {
    context.log.warn(
      { address: host, allowFrom },
      'the D-TA listens beyond this machine: it must never be reachable in public',
    );
  }
  return startAuthority({ host, port, allowFrom, application, options }, context);
}
