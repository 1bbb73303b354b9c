/** The public face of the hosted side (contract §7): checks the application, then asks the D-TA. */
import { type Answer, answer, type Call, queryOf, type Route } from '../http/call.js';
import { type Clock, isoSeconds } from '../protocol/clock.js';
import type { DtaClient } from './dta-client.js';
import { HOSTED_MARKS, ok } from './replies.js';
import {
  clientSecretQuery,
  type FindApplication,
  type Query,
  serviceQuery,
  timePermitQuery,
} from './signed-query.js';

/** What the endpoints draw on. */
export interface ProxyParts {
  readonly dta: DtaClient;
  readonly find: FindApplication;
  readonly clock: Clock;
  /** What `apiSettings` tells everybody; known once the server listens. */
  readonly settings: () => ApiSettings;
}

export interface ApiSettings {
  /** Without a slash at its end: clients append one (contract §1, 5). */
  readonly timePermitsStorageURL: string;
  readonly managementConsoleURL: string;
}

/**
 * The routes at the root and under each prefix.
 * @param prefixes such as `/v3`: with a slash in front and none behind
 */
export function proxyRoutes(parts: ProxyParts, prefixes: readonly string[]): readonly Route[] {
  const endpoints: Record<string, (query: Query) => Promise<Answer> | Answer> = {
    '/clientSecret': (query) => clientSecret(parts, query),
    '/serverSecret': (query) => serverSecret(parts, query),
    '/timePermit': (query) => timePermit(parts, query),
    '/apiSettings': (query) => apiSettings(parts, query),
    '/time': () => answer(200, { Time: isoSeconds(parts.clock.now()) }),
    '/status': () => status(parts),
    '/permits/:appId/:date/:storageId': unpublished,
  };
  return ['', ...prefixes].flatMap((prefix) =>
    Object.entries(endpoints).map(
      ([path, reply]): Route => ({
        method: 'GET',
        path: prefix + path,
        access: 'public',
        handle: (call: Call) => reply(queryOf(call)),
      }),
    ),
  );
}

async function clientSecret({ dta, find, clock }: ProxyParts, query: Query): Promise<Answer> {
  const hash = clientSecretQuery(query, find, clock.now());
  const { clientSecret: share } = await dta.clientSecret(hash);
  return ok({ clientSecret: share }, HOSTED_MARKS);
}

async function serverSecret({ dta, find, clock }: ProxyParts, query: Query): Promise<Answer> {
  serviceQuery('serverSecret', query, find, clock.now());
  const { serverSecret: share, startTime } = await dta.serverSecret();
  return ok({ serverSecret: share, startTime }, HOSTED_MARKS);
}

async function timePermit({ dta, find }: ProxyParts, query: Query): Promise<Answer> {
  const { timePermit: share } = await dta.timePermit(timePermitQuery(query, find));
  return ok({ timePermit: share }, HOSTED_MARKS);
}

/** Unsigned for everybody; signed, for an application, with the terms it runs under. */
function apiSettings({ find, clock, settings }: ProxyParts, query: Query): Answer {
  const open = { ...settings() };
  const signed = ['app_id', 'expires', 'signature'].some((name) => query.has(name));
  if (!signed) return ok(open, HOSTED_MARKS);
  serviceQuery('apiSettings', query, find, clock.now());
  // Its form is not settled by any source (contract §14), and there is no licence to speak of.
  return ok({ ...open, license_info: {} }, HOSTED_MARKS);
}

/** Tells that the whole side works: the answer comes through from the D-TA. */
async function status({ dta }: ProxyParts): Promise<Answer> {
  const { startTime } = await dta.status();
  return ok({ startTime, service_name: 'D-TA proxy' }, HOSTED_MARKS);
}

/** Clients read 404 as "ask timePermit instead"; anything in a 200 would be taken for a permit. */
function unpublished(): Answer {
  return answer(404, { code: 404, message: 'No such time permit', ...HOSTED_MARKS });
}
