/** The public face of the hosted side (contract §7): checks the application, then asks the D-TA. */
import { type Answer, answer, type Call, HttpError, queryOf, type Route } from '../http/call.js';
import type { Buckets } from '../http/rates.js';
import { isoSeconds } from '../protocol/clock.js';
import type { Audit } from './audit.js';
import type { DtaClient } from './dta-client.js';
import type { Identity } from './permits/permit-storage.js';
import type { PermitsService } from './permits/service.js';
import { HOSTED_MARKS, ok } from './replies.js';
import type { Revocations } from './revocations.js';
import {
  type Application,
  clientSecretQuery,
  type IdentityQuery,
  type Query,
  type QueryChecks,
  serviceQuery,
  timePermitQuery,
} from './signed-query.js';

/** What the endpoints draw on. */
export interface ProxyParts extends QueryChecks {
  readonly dta: DtaClient;
  readonly revocations: Pick<Revocations, 'has'>;
  /** Signed requests by app_id; undefined for no limit. */
  readonly rates: Pick<Buckets, 'take'> | undefined;
  /** Told who has got a share, so that permits of theirs are published. */
  readonly permits: Pick<PermitsService, 'seen'> | undefined;
  readonly audit: Audit;
  /** What `apiSettings` tells everybody; known once the server listens. */
  readonly settings: () => ApiSettings;
}

export interface ApiSettings {
  /** Without a slash at its end: clients append one (contract §1, 5). */
  readonly timePermitsStorageURL: string;
  readonly managementConsoleURL: string;
}

type Reply = (query: Query) => Promise<Answer> | Answer;

/**
 * The routes at the root and under each prefix.
 * @param prefixes such as `/v3`: with a slash in front and none behind
 */
export function proxyRoutes(parts: ProxyParts, prefixes: readonly string[]): readonly Route[] {
  const audited = (event: string, reply: Reply) => (call: Call) => {
    const query = queryOf(call);
    const claimed = {
      application: claimedText(query, 'app_id', /^[\x21-\x7e]{1,128}$/),
      identity: claimedText(query, 'hash_mpin_id', /^[0-9a-fA-F]{64}$/)?.toLowerCase(),
    };
    return parts.audit.of({ event, ...claimed, peer: call.peer }, () => reply(query));
  };
  const endpoints: Record<string, Route['handle']> = {
    '/clientSecret': audited('clientSecret', (query) => clientSecret(parts, query)),
    '/serverSecret': audited('serverSecret', (query) => serverSecret(parts, query)),
    '/timePermit': audited('timePermit', (query) => timePermit(parts, query)),
    '/apiSettings': (call) => apiSettings(parts, queryOf(call)),
    '/time': () => answer(200, { Time: isoSeconds(parts.clock.now()) }),
    '/status': () => status(parts),
  };
  return ['', ...prefixes].flatMap((prefix) =>
    Object.entries(endpoints).map(
      ([path, handle]): Route => ({ method: 'GET', path: prefix + path, access: 'public', handle }),
    ),
  );
}

/** What is written down of a query that may still be refused: nothing of another form. */
function claimedText(query: Query, name: string, form: RegExp): string | undefined {
  const text = query.get(name);
  return text !== undefined && form.test(text) ? text : undefined;
}

async function clientSecret(parts: ProxyParts, query: Query): Promise<Answer> {
  const identity = admitted(parts, clientSecretQuery(query, parts));
  const { clientSecret: share } = await parts.dta.clientSecret(identity.storageId);
  parts.permits?.seen(identity, { anew: true });
  return ok({ clientSecret: share }, HOSTED_MARKS);
}

async function serverSecret(parts: ProxyParts, query: Query): Promise<Answer> {
  withinRate(parts, serviceQuery('serverSecret', query, parts));
  const { serverSecret: share, startTime, generations } = await parts.dta.serverSecret();
  const more = generations === undefined ? {} : { generations };
  return ok({ serverSecret: share, startTime, ...more }, HOSTED_MARKS);
}

async function timePermit(parts: ProxyParts, query: Query): Promise<Answer> {
  const identity = admitted(parts, timePermitQuery(query, parts));
  const { timePermit: share } = await parts.dta.timePermit(identity.storageId);
  parts.permits?.seen(identity, { anew: false });
  return ok({ timePermit: share }, HOSTED_MARKS);
}

/** The identity, when its application may ask now and it is not revoked. */
function admitted(parts: ProxyParts, { application, hash }: IdentityQuery): Identity {
  withinRate(parts, application);
  // The status that all clients read as "revoked" (contract §2.1).
  if (parts.revocations.has(hash)) throw new HttpError(410, 'This identity is revoked');
  return { appId: application.appId, storageId: hash };
}

/** Counted once the signature is known to be genuine: nobody can use up another's rate. */
function withinRate({ rates, clock }: ProxyParts, { appId }: Application): void {
  const seconds = rates?.take(appId, clock.now()) ?? 0;
  if (seconds === 0) return;
  throw new HttpError(429, 'Too many requests of this application', {
    'Retry-After': `${seconds}`,
  });
}

/** Unsigned for everybody; signed, for an application, with the terms it runs under. */
function apiSettings(parts: ProxyParts, query: Query): Answer {
  const open = { ...parts.settings() };
  const signed = ['app_id', 'expires', 'signature'].some((name) => query.has(name));
  if (!signed) return ok(open, HOSTED_MARKS);
  withinRate(parts, serviceQuery('apiSettings', query, parts));
  // Its form is not settled by any source (contract §14), and there is no licence to speak of.
  return ok({ ...open, license_info: {} }, HOSTED_MARKS);
}

/** Tells that the whole side works: the answer comes through from the D-TA. */
async function status({ dta }: ProxyParts): Promise<Answer> {
  const { startTime } = await dta.status();
  return ok({ startTime, service_name: 'D-TA proxy' }, HOSTED_MARKS);
}
