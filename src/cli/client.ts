/** `mpin client register|login`: a client for people at a terminal, and for tests. */
import type { Command } from 'commander';
import { ClientError, type ClientErrorCode } from '../client/errors.js';
import { isPin, PIN_HINT } from '../client/pin.js';
import { loginOptions, registerOptions } from '../config/client.js';
import { ConfigError } from '../config/load.js';
import type { OptionsOf } from '../config/option.js';
import { CliError } from './errors.js';
import { addOptions, optionsOf } from './options.js';
import { canPrompt, promptHidden, promptNew } from './prompt.js';
import { ALL_TABLES } from './tables.js';

type CommonOptions = OptionsOf<typeof registerOptions>;

/** What a person can do about it, where the message itself does not say. */
const ADVICE: Partial<Record<ClientErrorCode, string>> = {
  unreachable: 'is the server running? (npm start)',
  'not-registered': 'mpin client register --user …',
};

export function addClientCommands(program: Command): void {
  const client = program.command('client').description('register a PIN and log in with it');
  const register = client.command('register').description('set a PIN for a user');
  addOptions(register, registerOptions)
    .addHelpText('after', EXAMPLES('register'))
    .action(() => runRegister(optionsOf(register, registerOptions, ALL_TABLES)));
  const login = client.command('login').description('log a user in with the PIN');
  addOptions(login, loginOptions)
    .addHelpText('after', EXAMPLES('login'))
    .action(() => runLogin(optionsOf(login, loginOptions, ALL_TABLES)));
}

const EXAMPLES = (command: string): string => `
Examples:
  mpin client ${command} --user you@example.com
  mpin client ${command} --user you@example.com --pin 1234 --url http://127.0.0.1:8005
`;

async function runRegister(options: CommonOptions): Promise<void> {
  const userId = userOf(options);
  const pin = options.pin === '' ? await askPin(() => promptNew('PIN')) : pinOf(options);
  const client = await clientOf(options);
  await advised(client.register({ userId, pin }));
  process.stdout.write(`${userId} is registered\n`);
}

async function runLogin(options: OptionsOf<typeof loginOptions>): Promise<void> {
  const userId = userOf(options);
  const pin = options.pin === '' ? await askPin(() => promptHidden('PIN: ')) : pinOf(options);
  const client = await clientOf(options);
  await advised(client.login({ userId, pin, webSocket: options.ws }));
  process.stdout.write(`${userId} is logged in\n`);
}

/** Only here the core and the network are needed: help and mistakes answer without them. */
async function clientOf({ url, store }: CommonOptions) {
  const [{ createClient }, { fetchTransport }, { folderStorage }, { nativeCrypto }, { WebSocket }] =
    await Promise.all([
      import('../client/client.js'),
      import('../client/transport.js'),
      import('../client/folder-storage.js'),
      import('../client/crypto-native.js'),
      import('ws'),
    ]);
  return createClient({
    baseUrl: baseUrlOf(url),
    transport: fetchTransport((target) => new WebSocket(target, WEBSOCKET_LIMITS)),
    storage: folderStorage(store),
    crypto: nativeCrypto,
  });
}

/** A reply of the dance is some 200 bytes; a server that does not answer has 5 s. */
const WEBSOCKET_LIMITS = {
  handshakeTimeout: 5_000,
  maxPayload: 16_384,
  perMessageDeflate: false,
  followRedirects: false,
} as const;

async function advised<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const advice = error instanceof ClientError ? ADVICE[error.code] : undefined;
    if (advice === undefined) throw error;
    throw new CliError(`${(error as Error).message}; ${advice}`);
  }
}

function baseUrlOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw new ConfigError('--url: expected an http or https address');
  }
  return parsed.origin;
}

function userOf({ user }: CommonOptions): string {
  if (user === '') throw new ConfigError('--user is missing');
  return user;
}

function pinOf({ pin }: CommonOptions): string {
  if (!isPin(pin)) throw new ConfigError(`--pin: expected ${PIN_HINT}`);
  return pin;
}

async function askPin(ask: () => Promise<string>): Promise<string> {
  if (!canPrompt()) throw new ConfigError('--pin is missing, and there is no terminal to ask at');
  const pin = await ask();
  if (!isPin(pin)) throw new CliError(`the PIN must be ${PIN_HINT}`);
  return pin;
}
