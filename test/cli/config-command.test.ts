/** `mpin config`: mistakes, values in force, documentation, and what old configurations become. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { guessRole, ROLE_TABLES, tableOf } from '../../src/cli/tables.js';
import { convertOldConfig, oldNames } from '../../src/config/old-config.js';
import { parsePython } from '../../src/config/python.js';
import { ensureBuilt, mpin as runMpin } from '../e2e/program.js';

const folder = mkdtempSync(join(tmpdir(), 'mpin-config-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
t.before(ensureBuilt);

const config = (args: string[], env: Record<string, string> = {}) =>
  runMpin(['config', ...args], { cwd: folder, env });

function fileWith(content: string, name: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}

t.test('check lists every mistake and says by its exit code whether there is one', async (t) => {
  const good = fileWith('port: 8011\nDTALocalURL: http://127.0.0.1:8001\n', 'good.yaml');
  const fine = await config(['check', good]);
  t.same([fine.code, fine.stdout], [0, `${good}: fine for mpin rps, 2 options\n`]);
  const wrong = fileWith('prot: 1\nmaxInvalidLoginAttempts: 0\nrpsBaseURL: x\n', 'wrong.yaml');
  const { code, stdout, stderr } = await config(['check', '--role', 'rps', wrong]);
  t.equal(code, 1);
  t.match(stdout, /unknown option "prot"; did you mean "port"\?\n/);
  t.match(stdout, /"maxInvalidLoginAttempts": expected a whole number from 1 to 1000000/);
  t.match(stdout, /"rpsBaseURL": not a plain http or https URL/);
  t.equal(stdout.split('\n').length, 4);
  t.match(stderr, /3 wrong for mpin rps/);
  t.equal((await config(['check', join(folder, 'none.yaml')])).code, 1);
  t.equal((await config(['check', '--role', 'rsp', good])).code, 2);
});

t.test('show tells values and where they come from, secrets never', async (t) => {
  const file = fileWith('logLevel: warn\nsalt: "12"\n', 'dta.yaml');
  const secret = fileWith('hunter2\n', 'passphrase');
  const env = { MPIN_PORT: '5', MPIN_PASSPHRASE_FILE: secret };
  const show = ['show', '--role', 'dta', '--config', file, '--address', '::1'];
  const { code, stdout } = await config(show, env);
  t.equal(code, 0);
  const line = (name: string) => stdout.split('\n').find((one) => one.startsWith(`${name} `));
  t.match(line('address'), /"::1" {2}\(--address\)$/);
  t.match(line('port'), /5 {2}\(MPIN_PORT\)$/);
  t.match(line('logLevel'), `"WARN"  (${file}: "logLevel")`);
  t.match(line('passphrase'), /"\*\*\*" {2}\(MPIN_PASSPHRASE_FILE\)$/);
  t.match(line('backup'), /true {2}\(default\)$/);
  const asked = await config(['show', '--json', '--certivoxServerSecret', 'ab'.repeat(128)]);
  t.notMatch(asked.stdout, 'abab');
  const rows = JSON.parse(asked.stdout) as { name: string; value: unknown; from: string }[];
  const share = rows.find(({ name }) => name === 'certivoxServerSecret');
  t.same(share, { name: 'certivoxServerSecret', value: '***', from: '--certivox-server-secret' });
  const usual = JSON.parse((await config(['show', '--json'])).stdout) as typeof rows;
  t.equal(usual.find(({ name }) => name === 'certivoxServerSecret')?.value, 'dta');
});

t.test('explain covers every option of every role, by any of its names', async (t) => {
  const all = JSON.parse((await config(['explain', '--format', 'json'])).stdout) as {
    [key: string]: unknown;
  }[];
  for (const [role, table] of Object.entries(ROLE_TABLES)) {
    for (const [name, spec] of Object.entries(table)) {
      const found = all.find((one) => one['role'] === role && one['name'] === name);
      t.match(found, { type: spec.kind, why: spec.why, unit: spec.unit }, `${role} ${name}`);
      t.ok(`${found?.['why']}`.length > 10 && !`${found?.['why']}`.endsWith('.'), 'one sentence');
    }
  }
  for (const name of ['keysFile', 'keys-file', 'MPIN_CREDENTIALS_FILE', 'credentialsfile']) {
    t.match((await config(['explain', '--role', 'rps', name])).stdout, /^credentialsFile \(/, name);
  }
  const text = (await config(['explain', 'timePeriod', '--role', 'rps'])).stdout;
  t.match(text, /from 0 to 2147483647 \(ms\)/);
  t.match(text, /default {3}86400000\n/);
  t.match(text, /--time-period, MPIN_TIME_PERIOD/);
  t.match(text, /changes {3}while the server runs/);
  const unknown = await config(['explain', 'DTALocalUR']);
  t.same([unknown.code, unknown.stdout], [2, '']);
  t.match(unknown.stderr, /no option "DTALocalUR"; did you mean "DTALocalURL"\?/);
  t.match((await config(['explain', '--format', 'markdown'])).stdout, /^\| `syncTime` \| true or/m);
});

/** The constructs of the old servers' files, with the names of their documents. */
const OLD_RPS = `# -*- coding: utf-8 -*-
from __future__ import unicode_literals
import os

"""Where it listens"""
address = "127.0.0.1"
port = 8011; autoReload = False
allowOrigin = ['https://a.example', u'https://b.example',]
keysFile = '/opt/mpin/keys.json'
dynamicOptionsURL = None
EntropySources = 'dev_urandom:60,' 'certivox:40'
rpsBaseURL = "http://%s:%d/" % (address, port)  # as clients see it
VerifyUserExpireSeconds = 60 * 60
maxInvalidLoginAttempts = \\
    0x03
requestOTP, storage = True, 'memory'
rpsPrefix = os.path.join('a', 'b')
certivoxServerSecret = '${'ab'.repeat(128)}'
LogLevel = "INFO"
if port == 8011:
    waitForLoginResult = True
seedValueLength = "many"
DTALocalURL = 'http://127.0.0.1:' + \\
    '8001'
`;

t.test('an old configuration becomes ours, with a comment for what could not', async (t) => {
  const file = fileWith(OLD_RPS, 'config.py');
  const { code, stdout, stderr } = await config(['import', file]);
  t.equal(code, 0);
  t.same(parse(stdout), {
    address: '127.0.0.1',
    port: 8011,
    autoReload: false,
    allowOrigin: ['https://a.example', 'https://b.example'],
    credentialsFile: '/opt/mpin/keys.json',
    EntropySources: 'dev_urandom:60,certivox:40',
    rpsBaseURL: 'http://127.0.0.1:8011/',
    VerifyUserExpireSeconds: 3600,
    maxInvalidLoginAttempts: 3,
    DTALocalURL: 'http://127.0.0.1:8001',
  });
  const said = [
    /^# keysFile is called credentialsFile here\.$/m,
    /^# dynamicOptionsURL \(line 10\): None, left out/m,
    /^# Line 16: a statement, not an assignment/m,
    /^# rpsPrefix \(line 17\): left to you, a call of os\.path\.join\(…\)/m,
    /^# certivoxServerSecret \(line 18\): .* name that as certivoxServerSecretFile/m,
    /^# LogLevel \(line 19\): dropped, no option of mpin rps; did you mean "logLevel"/m,
    /^# waitForLoginResult \(line 21\): left to you, set inside a block/m,
    /^# seedValueLength \(line 22\): left to you, .*expected a whole number/m,
    /^# logLevel is not set: that meant ERROR there and means INFO here\.$/m,
  ];
  for (const form of said) t.match(stdout, form);
  t.notMatch(stdout, 'abab', 'no secret unless asked for');
  t.match(stderr, /10 taken over, 2 dropped, 4 left to you/);
  const taken = fileWith(stdout, 'imported.yaml');
  t.equal((await config(['check', taken])).code, 0, 'what it prints can be used');
  const { stdout: all } = await config(['import', file, '--with-secrets']);
  t.match(all, `certivoxServerSecret: ${'ab'.repeat(128)}`);
});

t.test('whose configuration it is shows in its names; JSON is read as well', async (t) => {
  const dta = '{"backup_file": "./b.json", "passphrase": "hunter2", "salt": "00ff", "zebra": "x"}';
  const role = guessRole(oldNames(dta));
  t.equal(role, 'dta');
  t.equal(guessRole(oldNames("RPSURL = 'x'\nforceActivate = True\n")), 'rpa');
  const parts = { role, table: tableOf(role), withSecrets: false };
  const { yaml, counts } = convertOldConfig(dta, parts);
  t.same(counts, { taken: 2, dropped: 1, byHand: 1 });
  t.same(parse(yaml), { backup_file: './b.json', salt: '00ff' });
  t.notMatch(yaml, 'hunter2');
  const unfilled = convertOldConfig("passphrase = '%PASSPHRASE%'", parts);
  t.match(unfilled.yaml, 'a placeholder that the installer never filled in');
});

t.test('Python is read, never run', async (t) => {
  const value = (text: string) => parsePython(`x = ${text}\n`).assignments.get('x');
  const values: [string, unknown][] = [
    [`'it\\'s' "x"`, "it'sx"],
    [`"""a\nb"""`, 'a\nb'],
    [`r'\\d' + b'\\x41' + u"\\u00e9\\101\\q"`, '\\dAéA\\q'],
    ['"a\\\nb"', 'ab'],
    ['-1_000', -1000],
    ['0644', 420],
    ['10L', 10],
    ['1.5e3', 1500],
    ['(2 + 3) * 4 - 1', 19],
    ['(1)', 1],
    ['1,', [1]],
    ['()', []],
    ['[True, False, None, [], (1, 2)]', [true, false, null, [], [1, 2]]],
    ['{"a": 1, "__proto__": {"b": [2]}}', JSON.parse('{"a": 1, "__proto__": {"b": [2]}}')],
    ['"%s%%" % 5', '5%'],
    ['[ # comment\n 1,\n\n 2 ]', [1, 2]],
  ];
  for (const [text, expected] of values) t.same(value(text), { line: 1, value: expected }, text);
  const problems: [string, RegExp][] = [
    ['os.getenv("A")', /a call of os\.getenv/],
    ['__import__("os").system("x")', /a call of __import__/],
    ['f"{a}"', /a formatted text/],
    ['"\\N{BULLET}"', /by its name/],
    ['1 if y else 2', /"if"/],
    ['[i for i in y]', /i is not known/],
    ['y', /y is not known/],
    ['{1: 2}', /not a text/],
    ['"%r" % 1', /fill a text in/],
    ['"%s" % [1]', /fill a text in/],
    ['"%s" % (1, 2)', /too many/],
    ['5 % 3', /remainder/],
    ['"a" * 3', /whole numbers/],
    ['9007199254740993', /such a number/],
    ['3j', /such a number/],
    ['hunter2 hunter3', /hunter2 is not known/],
    ['"a" hunter3', /^the expression is unknown$/],
    [`${'['.repeat(60)}${']'.repeat(60)}`, /nested too deeply/],
    ['', /nothing is assigned/],
  ];
  for (const [text, problem] of problems) t.match(value(text), { problem }, text);
  const doubling = Array.from({ length: 64 }, (_, at) => `a${at + 1} = a${at} + a${at}\n`).join('');
  const last = parsePython(`a0 = 'x'\n${doubling}`).assignments.get('a40');
  t.match(last, { problem: /itself cannot be converted/ }, 'a small file cannot become gigabytes');
  t.match(parsePython('a = 1\na += 1').assignments.get('a'), { problem: /after it was set/ });
  t.match(parsePython('if x: a = 1; b = 2').assignments.get('b'), { problem: /inside a block/ });
  t.same(parsePython('a = b = 1').assignments.get('b'), { line: 1, value: 1 });
  const broken: [string, RegExp][] = [
    ["a = 1\nb = 'hunter2\n", /^line 2: a text is never closed$/],
    ['a = [1', /^line 1: "\[" is never closed$/],
    ['a = (1]', /^line 1: "\]" closes nothing$/],
    ['\u00a0', /^line 1: this is not Python$/],
  ];
  for (const [text, message] of broken) t.throws(() => parsePython(text), { message }, text);
});
