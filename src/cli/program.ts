/** The command line: what commands there are, and how each of them ends. */
import { Command } from 'commander';
import { addApiCommand } from './api.js';
import { addApplicationsCommands } from './applications.js';
import { addBenchCommand } from './bench.js';
import { addClientCommands } from './client.js';
import { addConfigCommands } from './config.js';
import { addCredentialsCommands } from './credentials.js';
import { report } from './errors.js';
import { addPermitsCommands } from './permits.js';
import { addRoleCommands } from './roles.js';
import { addStoreCommands } from './store.js';
import { addUpCommand } from './up.js';
import { versionText } from './version.js';

const HELP = `
Examples:
  mpin up                                         the whole system on this machine
  mpin client register --user you@example.com     then set a PIN
  mpin client login --user you@example.com        and log in with it
  mpin bench                                      how many logins it can take
  mpin rps --help                                 all options of a role

Options come from flags, then the environment (MPIN_PORT), then --config, then defaults;
mpin config explain tells what each does, mpin config show what holds.
`;

/** Runs one command line; resolves with the exit code. */
export async function runProgram(args: readonly string[]): Promise<number> {
  const [first = '--help'] = args;
  if (first === '--version' || first === '-V') {
    process.stdout.write(await versionText());
    return 0;
  }
  const program = buildProgram();
  try {
    await program.parseAsync([first, ...args.slice(1)], { from: 'user' });
    return 0;
  } catch (error) {
    return report(first.startsWith('-') ? 'mpin' : `mpin ${first}`, error);
  }
}

function buildProgram(): Command {
  // Settings made before the first command are handed on to all of them.
  const program = new Command('mpin')
    .description('M-Pin authentication: the servers, and a client')
    .option('-V, --version', 'print the versions of mpin, node and the kernel')
    .addHelpText('after', HELP)
    .enablePositionalOptions()
    .exitOverride();
  addUpCommand(program);
  addRoleCommands(program);
  addCredentialsCommands(program);
  addApplicationsCommands(program);
  addPermitsCommands(program);
  addClientCommands(program);
  addBenchCommand(program);
  addConfigCommands(program);
  addApiCommand(program);
  addStoreCommands(program);
  return program;
}
