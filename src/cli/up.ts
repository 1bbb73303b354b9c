/** `mpin up`: the whole system on one machine, for a first look and for development. */
import { relative } from 'node:path';
import type { Command } from 'commander';
import { ConfigError } from '../config/load.js';
import { type UpOptions, upOptions } from '../config/up.js';
import { addOptions, optionsOf } from './options.js';
import { supervise } from './supervisor.js';
import { ALL_TABLES } from './tables.js';
import { openDataFolder } from './up-data.js';
import { isExposed, planOf, urlsOf } from './up-plan.js';

const HELP = `
Examples:
  mpin up
  mpin up --host 0.0.0.0 --public-host pin.example.com
  mpin up --rpa-port 9005 --rps-port 9011 --data /tmp/mpin
`;

/** How often a login's first step is tried until it works, and how long one try may take. */
const PROBE_EVERY_MS = 100;
const PROBE_MS_MAX = 5_000;

export function addUpCommand(program: Command): void {
  const command = program
    .command('up')
    .description('all of it in one go, on this machine: no configuration needed');
  addOptions(command, upOptions)
    .addHelpText('after', HELP)
    .action(() => runUp(optionsOf(command, upOptions, ALL_TABLES)));
}

async function runUp(options: UpOptions): Promise<void> {
  refuseSharedPorts(options);
  const urls = urlsOf(options);
  const data = openDataFolder(options.data, urls.hosted);
  say(`data in ${relative('', options.data) || '.'}${data.isNew ? ' (new)' : ''}`);
  say('both authorities’ secrets lie on this machine: fine for a look, not for production');
  say('memory store: registrations under way and counters end with this process');
  if (isExposed(options)) say('no TLS: put a TLS proxy in front before anyone else logs in');
  await supervise(planOf(options, urls, data), {
    up: (name, address) => say(`${name.padEnd(7)} ${address}`),
    allUp: async (signal) => {
      if (await loginWorks(urls.rpaInside, signal)) say(`ready: ${urls.rpa}/`);
    },
  });
}

/** The first step of every login goes through both parts it needs; false once `signal` fires. */
async function loginWorks(rpa: string, signal: AbortSignal): Promise<boolean> {
  while (!signal.aborted) {
    const timeout = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS_MAX)]);
    const ok = await fetch(`${rpa}/rps/clientSettings`, { signal: timeout }).then(
      async (reply) => {
        await reply.arrayBuffer();
        return reply.status === 200;
      },
      () => false,
    );
    if (ok) return true;
    await new Promise((resolve) => setTimeout(resolve, PROBE_EVERY_MS));
  }
  return false;
}

/** Two parts on one port would stop one another with a message about neither. */
function refuseSharedPorts(options: UpOptions): void {
  const ports = ['rpaPort', 'rpsPort', 'dtaPort', 'hostedPort', 'hostedDtaPort'] as const;
  for (const [index, name] of ports.entries()) {
    const other = ports.slice(index + 1).find((later) => options[later] === options[name]);
    if (other !== undefined) {
      throw new ConfigError(`${name} and ${other} are both ${options[name]}`);
    }
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
