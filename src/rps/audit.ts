/** The audit log of the RPS, where option auditLog names one. */
import type { RpsOptions } from '../config/rps.js';
import { type Audit, AuditLog, type AuditStats } from '../ops/audit.js';
import type { RoleContext } from '../ops/role.js';
import { sign } from '../protocol/signature.js';
import type { Settlement } from '../store/store.js';

/** Marks the key of pseudonyms among all that is derived from the app_key. */
const KEY_PURPOSE = 'audit log: pseudonyms of identities';

type AuditOptions = Pick<RpsOptions, 'auditLog' | 'auditKey' | 'auditBytesMax'>;

export type RpsAudit = Pick<AuditLog, 'record' | 'reopen' | 'close'> & {
  /** Undefined without an audit log. */
  stats(): AuditStats | undefined;
};

const NO_AUDIT: RpsAudit = {
  record: () => {},
  reopen: () => {},
  stats: () => undefined,
  close: async () => {},
};

/**
 * @param appKey what the key of pseudonyms is derived from, when there is none of its own
 * @throws Error that names the file when it cannot be written
 */
export function openAudit(
  { auditLog: destination, auditKey, auditBytesMax: bytesMax }: AuditOptions,
  appKey: string,
  { log, clock }: RoleContext,
): RpsAudit {
  if (destination === '') return NO_AUDIT;
  const key = auditKey === '' ? sign(appKey, KEY_PURPOSE) : auditKey;
  return new AuditLog({ destination, key, bytesMax, clock, log });
}

/** Writes down what became of a pass 2. */
export function auditLogin(
  audit: Audit,
  outcome: Settlement,
  { peer, mpinId }: { readonly peer: string; readonly mpinId: string },
): void {
  // A challenge used before decides nothing about anybody.
  if (outcome === 'gone') return;
  const event = outcome === 200 ? 'login' : outcome === 'locks' ? 'lock' : 'failure';
  const how = outcome === 410 ? 'locked' : undefined;
  audit({ event, mpinId, peer, ok: outcome === 200, how });
}
