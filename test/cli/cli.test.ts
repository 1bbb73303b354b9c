import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import t from 'tap';
import { addOptions, optionsOf } from '../../src/cli/options.js';
import { bool, int, list, secret, text } from '../../src/config/option.js';
import { ensureBuilt, mpin as runMpin } from '../e2e/program.js';

const folder = mkdtempSync(join(tmpdir(), 'mpin-cli-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

const mpin = (args: string[], env: Record<string, string> = {}) =>
  runMpin(args, { cwd: folder, env });

t.before(ensureBuilt);

const table = {
  DTALocalURL: text('', 'local D-TA'),
  port: int(8011, 'TCP port', 'where', { min: 0, max: 65_535 }),
  syncTime: bool(true, 'clock'),
  allowOrigin: list(['*'], 'origins'),
  LogoutURL: text('', 'logout', { aliases: ['logoutURL'] }),
  backup_file: text('', 'backup'),
  passphrase: secret('', 'opens it'),
} as const;

function parse(...args: string[]) {
  const command = addOptions(new Command('test'), table)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  command.parse(args, { from: 'user' });
  return optionsOf(command, table);
}

t.test(
  'an option can be written as in the documents, in kebab case and by its aliases',
  async (t) => {
    t.equal(parse('--DTALocalURL', 'x').DTALocalURL, 'x');
    t.equal(parse('--dta-local-url=x').DTALocalURL, 'x');
    t.equal(parse('--backup_file', 'x').backup_file, 'x');
    t.equal(parse('--backup-file', 'x').backup_file, 'x');
    t.equal(parse('--logoutURL', 'x').LogoutURL, 'x');
    t.equal(parse('--LogoutURL', 'x').LogoutURL, 'x');
    t.equal(parse('--logout-url', 'x').LogoutURL, 'x');
    t.same(parse('--allowOrigin', 'a,b').allowOrigin, ['a', 'b']);
  },
);

t.test('a boolean flag is set by its presence, its value or its negation', async (t) => {
  t.equal(parse().syncTime, true);
  t.equal(parse('--sync-time').syncTime, true);
  t.equal(parse('--syncTime', 'False').syncTime, false);
  t.equal(parse('--sync-time=0').syncTime, false);
  t.equal(parse('--no-sync-time').syncTime, false);
});

t.test('a flag beats the configuration file it came with', async (t) => {
  const file = join(folder, 'rps.json');
  writeFileSync(file, JSON.stringify({ port: 1, DTALocalURL: 'file' }));
  const options = parse('--config-file', file, '--port', '2');
  t.equal(options.port, 2);
  t.equal(options.DTALocalURL, 'file');
});

t.test('one option under two names is refused', async (t) => {
  t.throws(() => parse('--LogoutURL', 'x', '--logoutURL', 'y'), { name: 'ConfigError' });
});

t.test('help names every option with its reason, unit, range and default', async (t) => {
  const help = addOptions(new Command('test'), table).helpInformation();
  t.match(help, '--dta-local-url, --DTALocalURL <text>');
  t.match(help.replace(/\s+/g, ' '), 'a whole number from 0 to 65535 (TCP port), default 8011');
  t.match(help, '--passphrase-file');
  t.notMatch(help, '--logoutURL', 'aliases work and are not shown');
});

t.test('the program says what it can do, and which version it is', async (t) => {
  const [bare, help, version] = await Promise.all([
    mpin([]),
    mpin(['--help']),
    mpin(['--version']),
  ]);
  t.equal(bare.code, 0);
  t.equal(help.code, 0);
  t.equal(bare.stdout, help.stdout);
  for (const command of ['up', 'rps', 'dta', 'hosted', 'rpa', 'client']) {
    t.match(help.stdout, new RegExp(`^ {2}${command}\\b`, 'm'), command);
  }
  t.match(help.stdout, 'Examples:');
  t.equal(version.code, 0);
  t.match(
    version.stdout,
    /^mpin \d+\.\d+\.\d+, node v\d+[.\d]+, kernel \w+, (no AMCL|AMCL \d+\.\d+\.\d+)\n$/,
  );
});

t.test('every command has help with examples', async (t) => {
  const commands = [
    'up',
    'rps',
    'dta',
    'hosted',
    'rpa',
    'client register',
    'client login',
    'bench',
  ];
  await Promise.all(
    commands.map(async (command) => {
      const { code, stdout } = await mpin([...command.split(' '), '--help']);
      t.equal(code, 0, command);
      t.match(stdout, `Usage: mpin ${command} [options]`);
      t.match(stdout, /Examples:\n {2}mpin /);
    }),
  );
});

t.test('a mistake is one clear line and exit code 2', async (t) => {
  const cases: [string[], Record<string, string>, RegExp][] = [
    [['clent'], {}, /unknown command 'clent'\n\(Did you mean client\?\)/],
    [['rps', '--prot', '1'], {}, /unknown option '--prot'\n\(Did you mean --port\?\)/],
    [['rps', '--port', 'x'], {}, /^mpin rps: --port: expected a whole number from 0 to 65535/],
    [['rpa'], { MPIN_PORT: '-1' }, /^mpin rpa: MPIN_PORT: expected a whole number/],
    [['rpa'], { MPIN_PROT: '1' }, /^mpin rpa: MPIN_PROT: unknown option.*"MPIN_PORT"/],
    [['rpa', '--config-file', 'none.json'], {}, /^mpin rpa: configuration file none\.json: ENOENT/],
    [['rpa', '--force-activate', 'false'], {}, /^mpin rpa: forceActivate is off and nothing/],
    [['dta'], {}, /^mpin dta: a passphrase .* is missing: give --passphrase-file/],
    [['up', '--rps-port', '8001'], {}, /^mpin up: rpsPort and dtaPort are both 8001/],
    [['up', '--rps-port', '0'], {}, /^mpin up: --rps-port: expected a whole number from 1/],
    [['client', 'login', '--pin', '1234'], {}, /^mpin client: --user is missing/],
    [
      ['client', 'login', '--user', 'u'],
      {},
      /^mpin client: --pin is missing, and there is no terminal/,
    ],
    [['client', 'login', '--user', 'u', '--pin', '98765'], {}, /--pin: expected four digits\n$/],
    [
      ['client', 'login', '--user', 'u', '--pin', '1234', '--url', 'x'],
      {},
      /--url: expected an http/,
    ],
  ];
  await Promise.all(
    cases.map(async ([args, env, message]) => {
      const { code, stderr, stdout } = await mpin(args, env);
      t.equal(code, 2, args.join(' '));
      t.match(stderr, message);
      t.notMatch(stderr, '98765', 'no PIN in a message');
      t.equal(stdout, '');
    }),
  );
});

t.test('a port in use is named with its role, and is exit code 1', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const { code, stderr } = await mpin(['rpa', '--port', String(port)]);
  t.equal(code, 1);
  t.match(
    stderr,
    new RegExp(`^mpin rpa: cannot listen on 127\\.0\\.0\\.1:${port}: the port is in use`),
  );
});

t.test('a client says when nobody answers and when nothing is registered', async (t) => {
  const user = ['--user', 'u@example.com', '--pin', '1234', '--url', 'http://127.0.0.1:9'];
  const [unreachable, unknown] = await Promise.all([
    mpin(['client', 'register', ...user]),
    mpin(['client', 'login', ...user]),
  ]);
  t.equal(unreachable.code, 1);
  t.match(unreachable.stderr, /cannot reach http:\/\/127\.0\.0\.1:9: .*is the server running\?/);
  t.equal(unknown.code, 1);
  t.match(unknown.stderr, /no PIN is set here for this user: register first/);
});
