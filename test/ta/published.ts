/** The list of identities of a hosted side, as tests fill and read it. */
import { randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { dayOf, systemClock } from '../../src/protocol/clock.js';
import { SeenIdentities } from '../../src/ta/permits/seen-identities.js';

export function openIdentities(folder: string, max = 1_000_000): SeenIdentities {
  return new SeenIdentities(folder, { max, log: pino({ level: 'silent' }) });
}

/** Puts identities into the list that were seen today; gives their hash_mpin_ids. */
export async function fillIdentities(
  folder: string,
  appId: string,
  count: number,
): Promise<string[]> {
  const identities = openIdentities(folder);
  const hashes = Array.from({ length: count }, () => randomBytes(32).toString('hex'));
  const today = dayOf(systemClock().now());
  for (const storageId of hashes) identities.see({ appId, storageId }, today);
  await identities.close();
  return hashes;
}
