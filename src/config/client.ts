/** Options of `mpin client`. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { bool, type OptionTable, path, secret, text } from './option.js';

/** Tokens lie with the user's data, not in the folder a command happens to be run in. */
function defaultStore(): string {
  const dataHome = process.env['XDG_DATA_HOME'];
  return dataHome === undefined || dataHome === ''
    ? join(homedir(), '.mpin-client')
    : join(dataHome, 'mpin-client');
}

export const registerOptions = {
  user: text('', 'Who registers or logs in, as the relying party knows them: an e-mail address'),
  pin: secret('', 'Four digits; asked for at the terminal, unseen, when absent'),
  url: text('http://127.0.0.1:8005', 'Where the relying party is'),
  store: path(defaultStore(), 'Folder of the tokens, readable by their owner alone'),
} as const satisfies OptionTable;

export const loginOptions = {
  ...registerOptions,
  ws: bool(false, 'Prove the PIN over a WebSocket instead of two requests'),
} as const satisfies OptionTable;
