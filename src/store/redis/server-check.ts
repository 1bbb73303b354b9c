/** What Redis says of itself that endangers what is kept in it. */

const EVICTS_ANY = /^allkeys-/;
const EVICTS_NONE = 'noeviction';

/** @param info the answer to INFO */
export function findingsOf(info: string): string[] {
  const fields = new Map(
    info.split('\r\n').map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at), line.slice(at + 1)] as const;
    }),
  );
  const findings: string[] = [];
  const policy = fields.get('maxmemory_policy') ?? EVICTS_NONE;
  if (EVICTS_ANY.test(policy)) {
    findings.push(
      `Redis has maxmemory-policy ${policy}: it will forget failed logins and locked identities ` +
        'when its memory is full; set noeviction',
    );
  } else if (policy !== EVICTS_NONE) {
    findings.push(
      `Redis has maxmemory-policy ${policy}: it will forget logins under way when its memory is ` +
        'full; set noeviction',
    );
  }
  if (fields.get('role') !== 'slave' && fields.get('aof_enabled') === '0') {
    findings.push(
      'Redis keeps no append-only file: failed logins and locked identities may be forgotten ' +
        'when it restarts; set appendonly yes',
    );
  }
  return findings;
}
