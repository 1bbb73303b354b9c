/**
 * What an operator does to a backup by name: look at it, change its passphrase, rotate its secret,
 * end a rotation. A running authority sees the new file and takes it over by itself (keyring.ts).
 */
import { isoSeconds, parseIsoSeconds } from '../protocol/clock.js';
import { openBackup } from './backup.js';
import { BackupError } from './backup-fields.js';
import { readBackupFile } from './backup-file.js';
import { type OpenedBackup, type Rotation, wipe } from './master-secret.js';
import { knownTime, rewriteBackup } from './vault.js';

export interface BackupPlace {
  readonly file: string;
  readonly passphrase: string;
  /** Option `salt`, for files of the reference. */
  readonly salt: string;
}

/** What a backup says of itself; nothing in it is secret. */
export interface BackupSummary {
  readonly startTime: string;
  readonly encrypted: boolean;
  readonly outdated: string | undefined;
  readonly rotation: Omit<Rotation, 'previous'> | undefined;
}

/** Opens a backup and says what is in it. @throws BackupError that says why it does not open */
export function verifyBackup(place: BackupPlace): Promise<BackupSummary> {
  return withBackup(place, ({ startTime, encrypted, outdated, rotation }) => {
    if (rotation === undefined) return { startTime, encrypted, outdated, rotation };
    const { previousStartTime, activeFrom, servedUntil } = rotation;
    const times = { previousStartTime, activeFrom, servedUntil };
    return { startTime, encrypted, outdated, rotation: times };
  });
}

/** Seals a backup under another passphrase; a plain one is sealed as well. */
export function changePassphrase(place: BackupPlace, passphrase: string): Promise<void> {
  return withBackup(place, (master, before) =>
    rewriteBackup({ file: place.file, before, master }, { passphrase }),
  );
}

export interface RotationPlan {
  readonly newSecret: Uint8Array;
  readonly nowMs: number;
  /** Between now and the first client secret of the new one: servers must hear of it before. */
  readonly leadMs: number;
  /** After that, how long the one before is served. */
  readonly overlapMs: number;
}

/**
 * Puts a new secret beside the present one.
 * @throws BackupError while an earlier rotation lasts: a third secret would cut the first one off
 */
export function rotateBackup(place: BackupPlace, plan: RotationPlan): Promise<BackupSummary> {
  const { newSecret, nowMs, leadMs, overlapMs } = plan;
  return withBackup(place, async (old, before) => {
    if (old.rotation !== undefined && !isOver(old.rotation, nowMs)) {
      throw new BackupError(
        `the last rotation lasts until ${old.rotation.servedUntil}; retire its secret first`,
      );
    }
    const activeMs = nowMs + leadMs;
    const times = {
      previousStartTime: knownTime(old.startTime),
      activeFrom: isoSeconds(activeMs),
      servedUntil: isoSeconds(activeMs + overlapMs),
    };
    const startTime = isoSeconds(nowMs);
    const master = { secret: newSecret, startTime, rotation: { previous: old.secret, ...times } };
    await rewriteBackup({ file: place.file, before, master }, keepingSeal(old, place));
    return { startTime, encrypted: old.encrypted, outdated: undefined, rotation: times };
  });
}

/**
 * Takes the secret before the present one out of the backup: whoever has not registered since then
 * must. With `now` also before its time is over; not while it is still the one that is used.
 */
export function retireBackup(
  place: BackupPlace,
  { nowMs, now }: { readonly nowMs: number; readonly now: boolean },
): Promise<void> {
  return withBackup(place, async (old, before) => {
    const { rotation, secret, startTime } = old;
    if (rotation === undefined) throw new BackupError('it holds no earlier secret');
    if (nowMs < (parseIsoSeconds(rotation.activeFrom) as number)) {
      throw new BackupError(`the new secret is in use only from ${rotation.activeFrom} on`);
    }
    if (!now && !isOver(rotation, nowMs)) {
      throw new BackupError(`the earlier secret is served until ${rotation.servedUntil}`);
    }
    await rewriteBackup(
      { file: place.file, before, master: { secret, startTime } },
      keepingSeal(old, place),
    );
  });
}

function isOver({ servedUntil }: Rotation, nowMs: number): boolean {
  return nowMs >= (parseIsoSeconds(servedUntil) as number);
}

/** A change of the secret is none of the encryption. */
function keepingSeal({ encrypted }: OpenedBackup, { passphrase }: BackupPlace) {
  return { passphrase: encrypted ? passphrase : undefined };
}

/** Runs `use` on the opened backup and its text, and wipes the secrets after it. */
async function withBackup<T>(
  place: BackupPlace,
  use: (opened: OpenedBackup, text: string) => T | Promise<T>,
): Promise<T> {
  try {
    const found = await readBackupFile(place.file);
    if (found === undefined) throw new BackupError('there is no such file');
    const opened = await openBackup(found.text, place);
    try {
      return await use(opened, found.text);
    } finally {
      wipe(opened);
    }
  } catch (error) {
    if (!(error instanceof BackupError)) throw error;
    throw new BackupError(`backup ${place.file}: ${error.message}`);
  }
}
