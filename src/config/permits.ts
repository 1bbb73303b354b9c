/** Options of the time permits service, a part of `mpin hosted`. */
import { bool, int, type OptionsOf, type OptionTable, path, secret, text } from './option.js';

/** Where permits are published. */
const storageOptions = {
  permitsFolder: path(
    './permits',
    'Folder that time permits are published to and served from, some 4 KB each on most disks; ' +
      'none if empty',
  ),
  permitsBucket: text('', 'Bucket of an S3 store that time permits are published to, as well'),
  permitsBucketEndpoint: text('', 'Base URL of the S3 store; AWS if empty'),
  permitsBucketRegion: text('us-east-1', 'Region of the bucket; most stores but AWS take any'),
  permitsBucketPrefix: text('', 'What the names of all objects begin with, as permits/'),
  permitsBucketPathStyle: bool(
    false,
    'Name the bucket in the path, not in the host name: most stores but AWS need it',
  ),
  permitsBucketAccessKeyId: text(
    '',
    'Access key of the S3 store; if empty that of the environment, profile or machine, as ' +
      'AWS does',
  ),
  permitsBucketSecretAccessKey: secret('', 'Secret that belongs to that access key'),
  permitsBucketConnections: int(64, 'connections', 'So many permits are put there at once', {
    min: 1,
    max: 1024,
  }),
} as const satisfies OptionTable;

/** Whose permits, for which days. */
const extentOptions = {
  permitsDays: int(
    3,
    'days',
    'Days that are published, today among them: what a client can do without the hosted side, ' +
      'and what a revoked one may still have',
    { min: 1, max: 31 },
  ),
  permitsKeptDays: int(1, 'days', 'Days past that stay: for clocks that are late', {
    min: 0,
    max: 366,
  }),
  permitsForgetDays: int(
    90,
    'days',
    'Identities that have not asked the hosted side for so long are published no more; if they ' +
      'still log in, they ask once and are back',
    { min: 1, max: 3650 },
  ),
  permitsIdentitiesFolder: path(
    './permit-identities',
    'Where the identities that were seen are kept',
  ),
  permitsIdentitiesMax: int(
    10_000_000,
    'identities',
    'So many are kept, about 100 bytes each; further ones are not published',
    { min: 1, max: 100_000_000 },
  ),
} as const satisfies OptionTable;

export const permitsOptions = {
  ...storageOptions,
  ...extentOptions,
  permitsLeadMinutes: int(
    120,
    'minutes before midnight UTC',
    'When the run begins that publishes the next day: a million identities take some ten',
    { min: 1, max: 1439 },
  ),
  permitsQueueMax: int(
    10_000,
    'identities',
    'That may wait to be published at their first request; more are left to the next run',
    { min: 1, max: 1_000_000 },
  ),
} as const satisfies OptionTable;

export type PermitsOptions = OptionsOf<typeof permitsOptions>;
