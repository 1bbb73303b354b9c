import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import t from 'tap';
import { ConfigError, environmentName, flagName, loadOptions } from '../../src/config/load.js';
import { nearest } from '../../src/config/nearest.js';
import { bool, int, list, path, secret, text, url } from '../../src/config/option.js';

const table = {
  DTALocalURL: text('', 'local D-TA'),
  port: int(8011, 'TCP port', 'where', { min: 0, max: 65_535 }),
  syncTime: bool(true, 'clock'),
  storage: text('memory', 'store', { choices: ['memory', 'redis'] }),
  allowOrigin: list(['*'], 'origins'),
  credentialsFile: path('./credentials.json', 'keys', { aliases: ['keysFile'] }),
  passphrase: secret('', 'opens the backup'),
  serverSecret: secret('dta', 'whence', {
    words: ['dta'],
    check: (given) => (given === 'dta' || given.length > 5 ? undefined : 'too short'),
  }),
  dynamicOptionsURL: url('', 'where they are'),
} as const;

const folder = mkdtempSync(join(tmpdir(), 'mpin-config-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

function fileWith(content: unknown, name = 'rps.json'): string {
  const file = join(folder, name);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

function load(sources: { file?: unknown; env?: Record<string, string>; flags?: object }) {
  return loadOptions(table, {
    env: sources.env ?? {},
    flags: { ...sources.flags },
    file: sources.file === undefined ? undefined : fileWith(sources.file),
  });
}

t.test('a flag beats the environment, that beats the file, that beats the default', async (t) => {
  const file = { port: 1, DTALocalURL: 'file', storage: 'redis' };
  const env = { MPIN_PORT: '2', MPIN_DTA_LOCAL_URL: 'env' };
  const options = load({ file, env, flags: { port: '3' } });
  t.equal(options.port, 3);
  t.equal(options.DTALocalURL, 'env');
  t.equal(options.storage, 'redis');
  t.equal(options.syncTime, true);
  t.throws(() => Object.assign(options, { port: 4 }), TypeError, 'options cannot be changed');
});

t.test('names in flags and the environment follow from the name of the documents', async (t) => {
  const names: [string, string, string][] = [
    ['DTALocalURL', 'dta-local-url', 'MPIN_DTA_LOCAL_URL'],
    ['RPAVerifyUserURL', 'rpa-verify-user-url', 'MPIN_RPA_VERIFY_USER_URL'],
    ['rpsBaseURL', 'rps-base-url', 'MPIN_RPS_BASE_URL'],
    ['RPSURL', 'rps-url', 'MPIN_RPS_URL'],
    ['rpsBaseURLs', 'rps-base-urls', 'MPIN_RPS_BASE_URLS'],
    ['mpinJSURL', 'mpin-js-url', 'MPIN_MPIN_JS_URL'],
    ['redisDB', 'redis-db', 'MPIN_REDIS_DB'],
    ['OTTLength', 'ott-length', 'MPIN_OTT_LENGTH'],
    ['backup_file', 'backup-file', 'MPIN_BACKUP_FILE'],
    ['useNFC', 'use-nfc', 'MPIN_USE_NFC'],
    ['port', 'port', 'MPIN_PORT'],
  ];
  for (const [name, flag, env] of names) {
    t.equal(flagName(name), flag);
    t.equal(environmentName(name), env);
  }
});

t.test('booleans are read in all spellings of the documents, from text and JSON', async (t) => {
  for (const yes of ['true', 'True', '1', 1, true]) {
    t.equal(load({ file: { syncTime: yes } }).syncTime, true, String(yes));
  }
  for (const no of ['false', 'False', '0', 0, false]) {
    t.equal(load({ file: { syncTime: no } }).syncTime, false, String(no));
  }
});

t.test('values are typed: numbers from text, lists from commas, paths made absolute', async (t) => {
  const env = { MPIN_PORT: '0', MPIN_ALLOW_ORIGIN: ' https://a.example, https://b.example,' };
  const options = load({ env, flags: { credentialsFile: 'keys/c.json' } });
  t.equal(options.port, 0);
  t.same(options.allowOrigin, ['https://a.example', 'https://b.example']);
  t.equal(options.credentialsFile, resolve('keys/c.json'));
  t.equal(load({}).credentialsFile, resolve('credentials.json'));
  t.same(load({ file: { allowOrigin: [] } }).allowOrigin, []);
});

t.test('other names of the documents are accepted, but not beside the first', async (t) => {
  t.equal(load({ file: { keysFile: '/k' } }).credentialsFile, '/k');
  t.equal(load({ env: { MPIN_KEYS_FILE: '/k' } }).credentialsFile, '/k');
  const both = { file: { keysFile: '/k', credentialsFile: '/c' } };
  t.throws(() => load(both), { message: /keysFile.*credentialsFile.*twice/ });
});

t.test('a secret also comes from a file, without its last newline', async (t) => {
  const file = fileWith(' two words \n', 'secret');
  t.equal(load({ env: { MPIN_PASSPHRASE_FILE: file } }).passphrase, ' two words ');
  t.equal(load({ flags: { passphraseFile: file } }).passphrase, ' two words ');
  t.equal(load({ file: { passphraseFile: file } }).passphrase, ' two words ');
  const both = { env: { MPIN_PASSPHRASE_FILE: file, MPIN_PASSPHRASE: 'x' } };
  t.throws(() => load(both), { message: /MPIN_PASSPHRASE_FILE and MPIN_PASSPHRASE:.*twice/ });
  const missing = { flags: { passphraseFile: join(folder, 'none') } };
  t.throws(() => load(missing), { message: /--passphrase-file: cannot read the secret: ENOENT/ });
});

t.test('each mistake is refused with the option, its source and what was expected', async (t) => {
  const cases: [Parameters<typeof load>[0], RegExp][] = [
    [{ file: { prot: 1 } }, /rps\.json: unknown option "prot"; did you mean "port"\?/],
    [{ env: { MPIN_PROT: '1' } }, /MPIN_PROT: unknown option.*did you mean "MPIN_PORT"\?/],
    [{ flags: { dtaLocalUrl: 'x' } }, /unknown option; did you mean "DTALocalURL"\?/],
    [{ file: { zebra: 1 } }, /unknown option "zebra"$/],
    [
      { flags: { port: 'abc' } },
      /--port: expected a whole number from 0 to 65535 \(TCP port\), got "abc"/,
    ],
    [{ flags: { port: '65536' } }, /--port: expected/],
    [{ env: { MPIN_PORT: '' } }, /MPIN_PORT: expected/],
    [{ file: { port: 80.5 } }, /"port": expected/],
    [{ file: { port: null } }, /"port": expected.*got null/],
    [{ file: { syncTime: 'yes' } }, /"syncTime": expected true or false, got "yes"/],
    [{ file: { syncTime: ['true'] } }, /"syncTime": expected true or false/],
    [{ env: { MPIN_STORAGE: 'reddis' } }, /MPIN_STORAGE: expected one of memory, redis, got/],
    [{ file: { allowOrigin: [1] } }, /"allowOrigin": expected a list/],
    [{ file: { DTALocalURL: 5 } }, /"DTALocalURL": expected a text, got 5/],
    [{ file: [] }, /not a JSON object/],
  ];
  for (const [sources, message] of cases) {
    t.throws(() => load(sources), { name: 'ConfigError', message }, String(message));
  }
});

t.test('no message shows a secret, nor quotes a broken file that may hold one', async (t) => {
  const wrongType = () => load({ file: { passphrase: ['hunter2'] } });
  t.throws(wrongType, { message: /"passphrase": expected a secret text$/ });
  const broken = fileWith('{"passphrase": "hunter2"', 'broken.json');
  const load2 = () => loadOptions(table, { env: {}, flags: {}, file: broken });
  t.throws(load2, { message: /broken\.json: not valid JSON \(line 1\)$/ });
  const huge = fileWith('x'.repeat(70_000), 'huge');
  t.throws(() => load({ flags: { passphraseFile: huge } }), { message: /larger than 65536 bytes/ });
});

t.test('a configuration file is YAML as well, read strictly and without quoting it', async (t) => {
  const yaml = (content: string) => {
    const file = fileWith(content, 'rps.yaml');
    return () => loadOptions(table, { env: {}, flags: {}, file });
  };
  const options = yaml(
    '# ours\nport: 12\nsyncTime: False\nallowOrigin: [a, "b"]\nstorage: redis\n',
  )();
  t.same([options.port, options.syncTime, options.storage], [12, false, 'redis']);
  t.same(options.allowOrigin, ['a', 'b']);
  t.equal(yaml('# nothing\n')().port, 8011);
  const cases: [string, RegExp][] = [
    ['port: 1\nport: 2\n', /rps\.yaml: line 2: the same name given twice$/],
    ['{"port": 1,\n "port": 2}', /rps\.yaml: line 2: the same name given twice$/],
    ['passphrase: "hunter2\nport: 1', /rps\.yaml: not valid YAML \(line \d: \w+\)$/],
    ['a: &x 1\nb: *x', /not valid YAML \(aliases are not taken\)$/],
    ['- port', /not a YAML mapping$/],
    ['passphrase: 7', /"passphrase": expected a secret text$/],
  ];
  for (const [content, message] of cases) t.throws(yaml(content), { message }, content);
  const python = fileWith("passphrase = 'hunter2'", 'config.py');
  t.throws(() => loadOptions(table, { env: {}, flags: {}, file: python }), {
    message: /config\.py: Python of the old servers: convert it, 'mpin config import'$/,
  });
});

t.test('all mistakes of all sources are told at once, a line each', async (t) => {
  const file = fileWith({ prot: 1, syncTime: 'maybe' });
  const env = { MPIN_STORAGE: 'reddis' };
  try {
    loadOptions(table, { file, env, flags: { port: 'x' } });
    t.fail('it was taken');
  } catch (error) {
    t.type(error, ConfigError);
    const lines = (error as Error).message.split('\n');
    t.equal(lines.length, 4);
    for (const part of ['--port', 'MPIN_STORAGE', '"syncTime"', '"prot"']) {
      t.equal(lines.filter((line) => line.includes(part)).length, 1, part);
    }
  }
});

t.test('a text is checked by its option, and a secret is not quoted then either', async (t) => {
  t.equal(load({ file: { storage: 'REDIS' } }).storage, 'redis', 'whatever the case');
  t.equal(load({ env: { MPIN_SERVER_SECRET: 'abcdef' } }).serverSecret, 'abcdef');
  const file = fileWith('abc\n', 'short');
  const short = { message: /MPIN_SERVER_SECRET: too short$/ };
  t.throws(() => load({ env: { MPIN_SERVER_SECRET: 'abc' } }), short);
  t.throws(() => load({ env: { MPIN_SERVER_SECRET_FILE: file } }), {
    message: /MPIN_SERVER_SECRET_FILE: .*short: too short$/,
  });
  for (const dynamicOptionsURL of ['ftp://x', 'localhost:80', 'x']) {
    t.throws(() => load({ file: { dynamicOptionsURL } }), { message: /not an http or https URL/ });
  }
});

t.test('an unreadable configuration file is named with the reason', async (t) => {
  const sources = { env: {}, flags: {}, file: join(folder, 'none.json') };
  t.throws(() => loadOptions(table, sources), ConfigError);
  t.throws(() => loadOptions(table, sources), { message: /none\.json: ENOENT/ });
  const bytes = join(folder, 'bytes.yaml');
  for (const [content, message] of [
    [Buffer.from('port: 1\0'), /bytes\.yaml: not a text$/],
    [Buffer.from('DTALocalURL: \xe9', 'latin1'), /bytes\.yaml: not UTF-8$/],
  ] as const) {
    writeFileSync(bytes, content);
    t.throws(() => loadOptions(table, { ...sources, file: bytes }), { message });
  }
  writeFileSync(bytes, '\ufeff{"port": 1}');
  t.equal(loadOptions(table, { ...sources, file: bytes }).port, 1, 'with a byte order mark');
});

t.test('environment names of another role are left to it, unknown ones are not', async (t) => {
  const elsewhere = [{ cryptoThreads: int(1, 'threads', 'x') }];
  const env = {
    MPIN_CRYPTO_THREADS: '2',
    MPIN_KERNEL: 'portable',
    MPIN_CONFIG_FILE: 'x',
    PATH: '/',
  };
  t.doesNotThrow(() => loadOptions(table, { env, flags: {}, elsewhere }));
  t.throws(() => loadOptions(table, { env, flags: {} }), { message: /MPIN_CRYPTO_THREADS/ });
});

t.test('the nearest name is one of a few edits, whatever the case, or none', async (t) => {
  const known = ['port', 'address', 'DTALocalURL'];
  t.equal(nearest('dtalocalurl', known), 'DTALocalURL');
  t.equal(nearest('adress', known), 'address');
  t.equal(nearest('prot', ['pool', 'port']), 'port', 'two letters swapped are one edit');
  t.equal(nearest('prot', known), 'port');
  t.equal(nearest('entirelyother', known), undefined);
  t.equal(nearest('', known), undefined);
});
