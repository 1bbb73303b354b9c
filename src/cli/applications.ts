/** `mpin applications list|add|disable|enable|rotate`: what the hosted side's operators do. */
import type { Command } from 'commander';
import {
  addApplicationOptions,
  applicationOptions,
  applicationsOptions,
  rotateApplicationOptions,
} from '../config/applications.js';
import { credentialsJson } from '../config/credentials.js';
import { ConfigError } from '../config/load.js';
import type { OptionTable } from '../config/option.js';
import type { ApplicationStore, StoredApplication } from '../ta/application-store.js';
import { CliError } from './errors.js';
import { addOptions, optionsOf } from './options.js';
import { createPrivate } from './private-file.js';
import { ALL_TABLES } from './tables.js';

const HOUR_MS = 3_600_000;

const HELP = `
The service need not stop: it sees each change at once.
`;

interface StoreOptions {
  readonly applicationsFolder: string;
}

export function addApplicationsCommands(program: Command): void {
  const group = program
    .command('applications')
    .description('the applications that have registered with this hosted side');
  addList(group);
  addAdd(group);
  addSwitch(group, 'disable', 'answer nothing that it signs', true);
  addSwitch(group, 'enable', 'answer a disabled one again', false);
  addRotate(group);
}

function addList(group: Command): void {
  const list = command(group, 'list', 'all of them, without their keys', applicationsOptions);
  list.action(() =>
    withStore(optionsOf(list, applicationsOptions, ALL_TABLES), async (store) => {
      for (const application of store.list()) say(lineOf(application));
    }),
  );
}

function addAdd(group: Command): void {
  const add = command(group, 'add', 'a new one, without registration', addApplicationOptions);
  add.action(() => {
    const options = optionsOf(add, addApplicationOptions, ALL_TABLES);
    return withStore(options, async (store) => {
      const contactHex = Buffer.from(options.userContact, 'utf8').toString('hex');
      demandUrl(options.apiUrl);
      const application = await store.issue(contactHex);
      writeFor(application, options);
    });
  });
}

function addSwitch(group: Command, name: string, description: string, disabled: boolean): void {
  const change = command(group, name, description, applicationOptions);
  change.action(() => {
    const options = optionsOf(change, applicationOptions, ALL_TABLES);
    return withStore(options, async (store) => {
      if (!(await store.setDisabled(options.appId, disabled))) throw unknown(options);
      say(`${options.appId} is ${name}d`);
    });
  });
}

function addRotate(group: Command): void {
  const rotate = command(group, 'rotate', 'give one a new app_key', rotateApplicationOptions);
  rotate.action(() => {
    const options = optionsOf(rotate, rotateApplicationOptions, ALL_TABLES);
    return withStore(options, async (store) => {
      demandUrl(options.apiUrl);
      const overlapMs = options.keyOverlapHours * HOUR_MS;
      const rotated = await store.rotateKey(options.appId, { overlapMs });
      if (rotated === undefined) throw unknown(options);
      writeFor(rotated, options);
    });
  });
}

function command(group: Command, name: string, description: string, table: OptionTable): Command {
  return addOptions(group.command(name).description(description), table).addHelpText('after', HELP);
}

async function withStore(
  { applicationsFolder }: StoreOptions,
  use: (store: ApplicationStore) => Promise<void>,
): Promise<void> {
  const [{ openApplications }, { systemClock }] = await Promise.all([
    import('../ta/application-store.js'),
    import('../protocol/clock.js'),
  ]);
  const clock = systemClock();
  const store = openApplications(applicationsFolder, () => clock.now());
  try {
    await use(store);
  } finally {
    await store.close();
  }
}

/** The key goes into a file for the customer, and nowhere else. */
function writeFor(
  { appId, appKey, previous }: StoredApplication,
  { credentialsFile, apiUrl }: { readonly credentialsFile: string; readonly apiUrl: string },
): void {
  const old = previous === undefined ? {} : { previousAppKey: previous.appKey };
  createPrivate(credentialsFile, credentialsJson({ appId, appKey, apiUrl, ...old }));
  say(`${credentialsFile} has the credentials of ${appId}: bring it to the customer safely`);
}

function lineOf({ appId, issuedMs, contactHex, disabledMs }: StoredApplication): string {
  // Whatever a customer has sent as its contact is shown as one word.
  const contact = JSON.stringify(Buffer.from(contactHex, 'hex').toString('utf8'));
  const state = disabledMs === undefined ? 'active  ' : 'disabled';
  return `${appId}  ${state}  ${new Date(issuedMs).toISOString()}  ${contact}`;
}

function demandUrl(apiUrl: string): void {
  if (!/^https?:\/\//.test(apiUrl)) {
    throw new ConfigError('--api-url: expected an http or https address');
  }
}

function unknown({ appId }: { readonly appId: string }): CliError {
  return new CliError(`no application "${appId}" is registered`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
