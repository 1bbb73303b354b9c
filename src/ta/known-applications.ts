/** Whom a hosted side serves: the applications of its files, and those that have registered. */
import { existsSync } from 'node:fs';
import { type Credentials, readCredentials } from '../config/credentials.js';
import type { RoleContext } from '../ops/role.js';
import { type ApplicationStore, openApplications } from './application-store.js';
import { applicationOf, applicationsOf, type FindApplication } from './signed-query.js';

export interface KnownApplicationsOptions {
  readonly applicationsFolder: string;
  readonly credentialsFile: readonly string[];
}

export interface KnownApplications {
  /** Undefined where nobody can register. To be closed by the caller. */
  readonly applications: ApplicationStore | undefined;
  readonly find: FindApplication;
}

/** @throws an Error that names the file which is not usable, or when there is nobody to serve */
export function openKnown(
  options: KnownApplicationsOptions,
  { log, clock }: RoleContext,
): KnownApplications {
  const { applicationsFolder: folder, credentialsFile: files } = options;
  if (folder === '') {
    const known = readApplications(files);
    if (known.length === 0) throw new Error('credentialsFile names no application to serve');
    return { applications: undefined, find: applicationsOf(known.map(applicationOf)) };
  }
  // Whoever lets customers register need not have an application of their own.
  const missing = files.filter((file) => !existsSync(file));
  for (const file of missing) log.info({ file }, 'no such credentials: registered ones are served');
  const known = readApplications(files.filter((file) => !missing.includes(file)));
  const fixed = new Map(known.map((one) => [one.appId, applicationOf(one)]));
  const applications = openApplications(folder, () => clock.now());
  // Without an app_id there is none to choose: any number may be registered.
  const find: FindApplication = (appId) =>
    appId === undefined ? undefined : (fixed.get(appId) ?? applications.find(appId));
  return { applications, find };
}

function readApplications(files: readonly string[]): readonly Credentials[] {
  const applications = files.map(readCredentials);
  const ids = applications.map(({ appId }) => appId);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new Error(`credentialsFile: two files have the app_id ${twice}`);
  return applications;
}
