/**
 * The separate M-Pin server of the 3.3 document: it dances with clients and does nothing else.
 * Each result goes to the RPS with a signed PUT /token before the client hears that its dance has
 * ended, and the RPS decides, counts and keeps it.
 */
import { type AuthOptions, rpsOptionsFor } from '../config/auth.js';
import { HttpError } from '../http/call.js';
import { type Outgoing, OutgoingError } from '../http/outgoing.js';
import type { RoleContext, RunningRole } from '../ops/role.js';
import { danceSocket } from './dance-socket.js';
import { descriptionRoutes } from './description.js';
import { onePassRoutes } from './one-pass.js';
import type { RpsParts } from './parts.js';
import { passRoutes } from './pass-routes.js';
import { unavailable } from './replies.js';
import { type Service, startService } from './rps.js';
import { statusRoutes } from './status.js';
import { tokenBody } from './token.js';
import { demandUrls } from './urls.js';
import type { Conclude, Verdict } from './verdict.js';

/** Starts the M-Pin server; ready as the RPS is. */
export function startAuth(options: AuthOptions, context: RoleContext): Promise<RunningRole> {
  demandUrls(options, ['RPSURL']);
  if (options.RPSURL === '') throw new Error('RPSURL: the address of the RPS is needed');
  const tokenUrl = `${options.RPSURL.replace(/\/+$/, '')}/token`;
  return startService(authService(tokenUrl), rpsOptionsFor(options), context);
}

/** What it serves, and where results go. */
export function authService(tokenUrl: string): Service {
  return {
    name: 'M-Pin server',
    // Clients append to its whole URL, whatever the prefix of the RPS.
    prefix: '',
    routes: (parts) => [
      ...passRoutes(parts),
      ...onePassRoutes(parts),
      ...descriptionRoutes(parts, 'auth'),
      ...statusRoutes(parts),
    ],
    sockets: (parts) => [danceSocket(parts)],
    conclude: (parts, outgoing) => concludeAt(tokenUrl, parts, outgoing),
  };
}

type DeliveryParts = Pick<RpsParts, 'options' | 'credentials' | 'clock' | 'log' | 'store'>;

/** Consumes the challenge here, and has the rest done by the RPS. */
function concludeAt(tokenUrl: string, parts: DeliveryParts, outgoing: Outgoing): Conclude {
  return async (verdict) => {
    const { mpinId, proof } = verdict;
    // Counted there and not here; a failure ends challenges all the same.
    const settled = await parts.store.settle({
      mpinId,
      proof: proof.proven ? proof : { proven: false },
      resultLifeMs: 0,
    });
    if (settled !== 'gone') await deliver(tokenUrl, verdict, parts, outgoing);
    return settled;
  };
}

/**
 * Throws 503 (HttpError) when the RPS cannot take the result now, 500 when it does not take it at
 * all: what is not known there has not happened, and nobody learns how it ended.
 */
async function deliver(
  url: string,
  verdict: Verdict,
  { options, credentials, clock, log }: DeliveryParts,
  outgoing: Outgoing,
): Promise<void> {
  try {
    const { status } = await outgoing.request({
      method: 'PUT',
      url,
      headers: { 'content-type': 'application/json', ...bearerOf(options) },
      body: JSON.stringify(tokenBody(verdict, credentials.appKey, clock)),
    });
    if (status === 200) return;
    log.error({ status }, 'the RPS does not take a result');
    if (status !== 503) throw new HttpError(500, 'The result could not be delivered');
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
    log.error({ reason: error.reason }, 'the RPS cannot be reached');
  }
  throw unavailable('The result could not be delivered, try again');
}

/** What a private route of the RPS demands, where it has a secret. */
function bearerOf({ rpaSecret }: RpsParts['options']): Readonly<Record<string, string>> {
  return rpaSecret === '' ? {} : { authorization: `Bearer ${rpaSecret}` };
}
