/** `mpin credentials get|rotate|server-secret|show`: a customer's side of the registration. */
import { statSync } from 'node:fs';
import type { Command } from 'commander';
import {
  credentialsOptions,
  type GetCredentialsOptions,
  getCredentialsOptions,
} from '../config/applications.js';
import { credentialsJson, readCredentials } from '../config/credentials.js';
import { ConfigError } from '../config/load.js';
import type { OptionsOf } from '../config/option.js';
import { addOptions, optionsOf } from './options.js';
import { createPrivate, replacePrivate } from './private-file.js';
import { ALL_TABLES } from './tables.js';

type FileOptions = OptionsOf<typeof credentialsOptions>;

const OTHERS = 0o077;

export function addCredentialsCommands(program: Command): void {
  const group = program
    .command('credentials')
    .description('get, change and show the credentials of an application');
  const get = group.command('get').description('register an application: writes the file');
  addOptions(get, getCredentialsOptions).action(() =>
    runGet(optionsOf(get, getCredentialsOptions, ALL_TABLES)),
  );
  const onFile = (
    name: string,
    description: string,
    run: (options: FileOptions) => void | Promise<void>,
  ) => {
    const command = group.command(name).description(description);
    addOptions(command, credentialsOptions).action(() =>
      run(optionsOf(command, credentialsOptions, ALL_TABLES)),
    );
  };
  onFile('rotate', 'get a new app_key; the old one is good for a time', runRotate);
  onFile(
    'server-secret',
    'put the hosted share of the server secret into the file (getServerSecretShare)',
    runServerSecret,
  );
  onFile('show', 'say what is in the file, but no secret', runShow);
}

async function runGet(options: GetCredentialsOptions): Promise<void> {
  const { credentialsFile: file, registrationURL, installerKey, userContact } = options;
  if (!/^https?:\/\//.test(registrationURL)) {
    throw new ConfigError('--registration-url: expected an http or https address');
  }
  if (installerKey === '') throw new ConfigError('--installer-key-file is missing');
  if (userContact === '') throw new ConfigError('--user-contact is missing');
  const { hostedServices } = await import('../ta/hosted-client.js');
  await hostedServices(async (services) => {
    const contactHex = Buffer.from(userContact, 'utf8').toString('hex');
    const issued = await services.register(registrationURL, { installerKey, contactHex });
    createPrivate(file, credentialsJson(issued));
    say(`${file} has the credentials of the new application ${issued.appId}`);
    if (!options.serverSecret) return;
    const serverSecretShare = await services.serverSecretShare(issued);
    replacePrivate(file, credentialsJson({ ...issued, serverSecretShare }));
    say('and the hosted share of its server secret');
  });
}

async function runRotate({ credentialsFile: file }: FileOptions): Promise<void> {
  const credentials = readCredentials(file);
  const { hostedServices } = await import('../ta/hosted-client.js');
  await hostedServices(async (services) => {
    const appKey = await services.rotate(credentials);
    const previousAppKey = credentials.appKey;
    replacePrivate(file, credentialsJson({ ...credentials, appKey, previousAppKey }));
  });
  say(`${file} has a new app_key`);
  say('bring the file to the D-TA first, which takes both keys, and then to each RPS: running');
  say('ones read it by themselves');
}

async function runServerSecret({ credentialsFile: file }: FileOptions): Promise<void> {
  const credentials = readCredentials(file);
  const { hostedServices } = await import('../ta/hosted-client.js');
  await hostedServices(async (services) => {
    const serverSecretShare = await services.serverSecretShare(credentials);
    replacePrivate(file, credentialsJson({ ...credentials, serverSecretShare }));
  });
  say(`${file} has the hosted share of the server secret: certivoxServerSecret=credentials.json`);
}

function runShow({ credentialsFile: file }: FileOptions): void {
  const { appId, apiUrl, previousAppKey, serverSecretShare } = readCredentials(file);
  say(`app_id                  ${appId}`);
  say(`api_url                 ${apiUrl}`);
  say('app_key                 present');
  say(`previous_app_key        ${previousAppKey === undefined ? 'absent' : 'present'}`);
  say(`certivox_server_secret  ${serverSecretShare === undefined ? 'absent' : 'present'}`);
  const mode = statSync(file).mode & 0o777;
  if ((mode & OTHERS) !== 0) {
    say(`other users can read it (mode ${mode.toString(8)}): chmod 600 ${file}`);
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
