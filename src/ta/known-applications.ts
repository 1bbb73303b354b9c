/** Whom a hosted side serves: the applications of its files, and those that have registered. */
import { existsSync } from 'node:fs';
import type { Logger } from 'pino';
import { type Credentials, readSameCredentials } from '../config/credentials.js';
import type { RoleContext } from '../ops/role.js';
import { WatchedFile } from '../ops/watched-file.js';
import { type ApplicationStore, openApplications } from './application-store.js';
import { applicationOf, type FindApplication } from './signed-query.js';

export interface KnownApplicationsOptions {
  readonly applicationsFolder: string;
  readonly credentialsFile: readonly string[];
}

export interface KnownApplications {
  /** Undefined where nobody can register. */
  readonly applications: ApplicationStore | undefined;
  readonly find: FindApplication;
  /** Reads the files of keys at once, as SIGHUP asks for; they are looked at all the time. */
  readAgain(): void;
  close(): Promise<void>;
}

/** The credentials in a file, as they are now: a rotated key comes in without a restart. */
export function watchedCredentials(file: string, log: Logger): WatchedFile<Credentials> {
  return new WatchedFile({ file, read: readSameCredentials, what: 'credentials', log });
}

/** @throws an Error that names the file which is not usable, or when there is nobody to serve */
export function openKnown(
  options: KnownApplicationsOptions,
  { log, clock }: RoleContext,
): KnownApplications {
  const { applicationsFolder: folder, credentialsFile: files } = options;
  // Whoever lets customers register need not have an application of their own.
  const missing = folder === '' ? [] : files.filter((file) => !existsSync(file));
  for (const file of missing) log.info({ file }, 'no such credentials: registered ones are served');
  const fixed = watchedById(
    files.filter((file) => !missing.includes(file)),
    log,
  );
  if (folder === '' && fixed.size === 0) {
    throw new Error('credentialsFile names no application to serve');
  }
  const applications = folder === '' ? undefined : openApplications(folder, () => clock.now());
  return {
    applications,
    find: findIn(fixed, applications),
    readAgain: () => {
      for (const file of fixed.values()) file.readAgain();
    },
    close: async () => {
      for (const file of fixed.values()) await file.stop();
      await applications?.close();
    },
  };
}

type WatchedById = ReadonlyMap<string, WatchedFile<Credentials>>;

/** Without an app_id there must be only one to find, and any number may be registered. */
function findIn(fixed: WatchedById, registered: ApplicationStore | undefined): FindApplication {
  const only = registered === undefined && fixed.size === 1 ? [...fixed.values()][0] : undefined;
  return (appId) => {
    const file = appId === undefined ? only : fixed.get(appId);
    if (file !== undefined) return applicationOf(file.content);
    return appId === undefined ? undefined : registered?.find(appId);
  };
}

function watchedById(files: readonly string[], log: Logger): WatchedById {
  const byId = new Map<string, WatchedFile<Credentials>>();
  for (const file of files) {
    const watched = watchedCredentials(file, log);
    const { appId } = watched.content;
    if (byId.has(appId)) throw new Error(`credentialsFile: two files have the app_id ${appId}`);
    byId.set(appId, watched);
  }
  return byId;
}
