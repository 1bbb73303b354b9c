/** A run in a process of its own, beside a hosted side that may be running or not. */
import { existsSync } from 'node:fs';
import type { PermitsRunOptions } from '../../config/permits-commands.js';
import { randomSecret } from '../../crypto/index.js';
import type { RoleContext } from '../../ops/role.js';
import { openKeyring } from '../authority.js';
import { openKnown } from '../known-applications.js';
import { protectMemory } from '../memory.js';
import { openRevocations } from '../revocations.js';
import { type RunOptions, runPermits } from './run.js';
import type { RunState } from './run-state.js';
import { isPublishing, openPermits } from './service.js';

/** @throws an Error when there is nothing to publish with or to */
export function demandUsable(options: PermitsRunOptions): void {
  const { backup, backup_file: file } = options;
  if (!isPublishing(options)) throw new Error('neither permitsFolder nor permitsBucket is set');
  if (!backup) throw new Error('backup is off: only the running hosted side has its secret');
  // A start makes a new secret where there is none; its permits would fit nobody.
  if (!existsSync(file)) throw new Error(`there is no backup ${file}`);
}

/**
 * Opens the hosted side's backup and its lists, and publishes what is missing.
 * @throws an Error fit for the operator's eyes; what was done until then is kept
 */
export async function runStandalone(
  options: PermitsRunOptions,
  context: RoleContext,
  run: RunOptions,
): Promise<RunState> {
  demandUsable(options);
  protectMemory(context.log);
  const ends: (() => Promise<void>)[] = [];
  try {
    const known = openKnown(options, context);
    ends.push(() => known.close());
    const revocations = openRevocations(options.revocationFile, context.log);
    ends.push(() => revocations.stop());
    const keyring = await openKeyring(options, { ...context, newSecret: randomSecret });
    ends.push(() => keyring.close());
    const ground = await openPermits(options, {
      ...context,
      shares: keyring,
      isServed: (appId) => known.find(appId) !== undefined,
      isRevoked: (hash) => revocations.has(hash),
    });
    ends.push(() => ground.close());
    return await runPermits(ground, run);
  } finally {
    for (const end of ends.reverse()) await end();
  }
}
