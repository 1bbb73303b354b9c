/** The pure parts of the protocol: signatures, time, identities, tokens. */
import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import t from 'tap';
import { checkDigit, isWid, randomAccessNumber } from '../../src/protocol/access-number.js';
import {
  dayOf,
  isoMicros,
  isoSeconds,
  OffsetClock,
  parseIsoSeconds,
  startOfDay,
  systemClock,
} from '../../src/protocol/clock.js';
import {
  canonicalMpinId,
  hashMpinId,
  issueMpinId,
  MPIN_ID_BYTES_MAX,
  parseMpinId,
} from '../../src/protocol/mpin-id.js';
import {
  activateKey,
  secretEquals,
  sign,
  signClientSecret,
  signService,
  signTimePermit,
  verifySignature,
} from '../../src/protocol/signature.js';
import { fillRandom, OTT_BYTES, randomToken } from '../../src/protocol/tokens.js';
import { isUserId } from '../../src/protocol/user-id.js';

const KEY = 'super secret';
const hex = (text: string) => Buffer.from(text, 'utf8').toString('hex');
const hmac = (message: string) => createHmac('sha256', KEY).update(message).digest('hex');

t.test('a signature is HMAC-SHA256 under the key as text (contract §7)', async (t) => {
  const signature = sign(KEY, 'Hello world!');
  t.match(signature, /^f577954e[0-9a-f]{50}cd4b53$/);
  t.equal(sign(KEY, 'Hello ', '', 'world!'), signature, 'nothing separates the fields');
  t.equal(sign('ff00', 'm'), createHmac('sha256', 'ff00').update('m').digest('hex'));
  t.not(
    sign('ff00', 'm'),
    createHmac('sha256', Buffer.from('ff00', 'hex')).update('m').digest('hex'),
  );
});

t.test('each signed query has the fields of contract §7 in their order', async (t) => {
  const query = { appId: 'APP', hashMpinId: 'HASH', expires: '2016-10-11T13:58:15Z' };
  const bare = hmac('clientSecretAPPHASH2016-10-11T13:58:15Z');
  t.equal(signClientSecret(KEY, query), bare);
  t.equal(signClientSecret(KEY, { ...query, hashUserId: '' }), bare, 'empty and absent are equal');
  const withUser = signClientSecret(KEY, { ...query, hashUserId: 'USER' });
  t.equal(withUser, hmac('clientSecretAPPHASHUSER2016-10-11T13:58:15Z'));
  const service = { appId: 'APP', expires: 'E' };
  t.equal(signService(KEY, 'serverSecret', service), hmac('serverSecretAPPE'));
  t.equal(signService(KEY, 'apiSettings', service), hmac('apiSettingsAPPE'));
  t.equal(signTimePermit(KEY, 'HASH'), hmac('HASH'));
  t.equal(activateKey(KEY, 'MPIN', 'OTT'), hmac('MPINOTT'));
});

t.test('a signature is verified in either case, and refused when anything differs', async (t) => {
  const good = sign(KEY, 'a', 'b');
  t.equal(verifySignature(KEY, good, 'a', 'b'), true);
  t.equal(verifySignature(KEY, good.toUpperCase(), 'ab'), true);
  const last = good.endsWith('0') ? '1' : '0';
  for (const bad of ['', good.slice(1), `${good}0`, good.slice(0, -1) + last, 'é', ` ${good}`]) {
    t.equal(verifySignature(KEY, bad, 'a', 'b'), false, bad);
  }
  t.equal(verifySignature('other', good, 'a', 'b'), false);
  t.equal(verifySignature(KEY, good, 'b', 'a'), false);
});

t.test('secrets are equal when their texts are', async (t) => {
  const property = fc.property(fc.string(), fc.string(), (a, b) => {
    return secretEquals(a, a) && secretEquals(a, b) === (a === b);
  });
  fc.assert(property, { numRuns: 300 });
  t.equal(secretEquals('', ''), true);
  t.equal(secretEquals('a', ''), false);
});

t.test('a day begins at midnight UTC', async (t) => {
  const midnight = Date.UTC(2016, 9, 11);
  t.equal(dayOf(midnight), 17_085);
  t.equal(dayOf(midnight - 1), 17_084);
  t.equal(dayOf(midnight + 86_399_999), 17_085);
  t.equal(startOfDay(17_085), midnight);
  t.equal(dayOf(-1), -1);
  const property = fc.property(fc.integer({ min: 0, max: 100_000 }), (day) => {
    return dayOf(startOfDay(day)) === day && dayOf(startOfDay(day) - 1) === day - 1;
  });
  fc.assert(property);
});

t.test('the two forms of time have whole seconds and microseconds', async (t) => {
  const ms = Date.UTC(2016, 9, 11, 13, 58, 15, 183);
  t.equal(isoSeconds(ms), '2016-10-11T13:58:15Z');
  t.equal(isoMicros(ms), '2016-10-11T13:58:15.183000');
});

t.test('a clock carries its offset', async (t) => {
  const ahead = new OffsetClock({ now: () => 1_000 });
  t.equal(ahead.now(), 1_000);
  ahead.offsetMs = 3_600_000;
  t.equal(ahead.now(), 3_601_000);
  t.ok(Math.abs(systemClock().now() - Date.now()) < 1_000);
});

t.test('a time is read in its one form only', async (t) => {
  t.equal(parseIsoSeconds('2016-10-11T13:58:15Z'), Date.UTC(2016, 9, 11, 13, 58, 15));
  t.equal(parseIsoSeconds('2024-02-29T00:00:00Z'), Date.UTC(2024, 1, 29));
  for (const bad of [
    '',
    '2016-10-11',
    '2016-10-11T13:58:15',
    '2016-10-11T13:58:15z',
    '2016-10-11 13:58:15Z',
    '2016-10-11T13:58:15.000Z',
    '2016-10-11T13:58:15+00:00',
    '2016-10-11T13:58Z',
    ' 2016-10-11T13:58:15Z',
    '2016-10-11T13:58:15Z\n',
    '2016-10-11T13:58:15ZZ',
    '+02016-10-11T13:58:15Z',
    '20161-10-11T13:58:15Z',
    '2016-13-01T00:00:00Z',
    '2016-00-01T00:00:00Z',
    '2016-02-30T00:00:00Z',
    '2023-02-29T00:00:00Z',
    '2016-10-11T24:00:00Z',
    '2016-10-11T23:60:00Z',
    '2016-10-11T23:59:60Z',
    '２016-10-11T13:58:15Z',
    '2016-10-11T13:58:15Z\0',
    'x'.repeat(100_000),
  ]) {
    t.equal(parseIsoSeconds(bad), undefined, JSON.stringify(bad.slice(0, 40)));
  }
  const last = Date.UTC(9999, 11, 31, 23, 59, 59);
  const property = fc.property(fc.integer({ min: 0, max: last / 1000 }), (seconds) => {
    return parseIsoSeconds(isoSeconds(seconds * 1000)) === seconds * 1000;
  });
  fc.assert(property, { numRuns: 300 });
  const other = fc.property(fc.string(), (text) => parseIsoSeconds(text) === undefined);
  fc.assert(other, { numRuns: 300 });
});

t.test('an identity has the bytes of the reference (contract §3)', async (t) => {
  const ms = Date.UTC(2016, 9, 11, 13, 58, 15, 183);
  const text = Buffer.from(issueMpinId('you@example.com', 1, ms), 'hex').toString();
  const start = '{"mobile": 1, "issued": "2016-10-11 13:58:15.183000", "userID": ';
  t.equal(text.slice(0, start.length), start);
  t.match(text.slice(start.length), /^"you@example\.com", "salt": "[0-9a-f]{32}"\}$/);
  t.not(issueMpinId('a', 0, ms), issueMpinId('a', 0, ms), 'each has its own salt');
});

t.test('an identity is ASCII, and gives back any name it was issued for', async (t) => {
  const names = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.constantFrom(
      'Zoë',
      '"\\',
      '\u0000\u001f\u007f',
      '😀',
      '\u2028',
      'a"}, "x": "',
      '',
      '\\u0041',
    ),
  );
  const property = fc.property(names, fc.constantFrom(0 as const, 1 as const), (name, mobile) => {
    const id = issueMpinId(name, mobile, 0);
    const bytes = Buffer.from(id, 'hex');
    const read = parseMpinId(id);
    return (
      bytes.every((byte) => byte >= 0x20 && byte < 0x7f) &&
      canonicalMpinId(id) === id &&
      read?.userID === name &&
      read.mobile === mobile &&
      read.issued === '1970-01-01 00:00:00.000000'
    );
  });
  fc.assert(property, { numRuns: 500 });
  const zoe = Buffer.from(issueMpinId('Zoë', 0, 0), 'hex').toString();
  t.match(zoe, /"userID": "Zo\\u00eb"/);
});

t.test('an identity of the longest e-mail address is within its limit', async (t) => {
  const id = issueMpinId('\u00e9'.repeat(254), 1, 0);
  t.equal(canonicalMpinId(id), id);
});

t.test('an mpin_id from the wire is hex of either case, not empty, not too long', async (t) => {
  t.equal(canonicalMpinId('7B7d'), '7b7d');
  t.equal(canonicalMpinId('ab'.repeat(MPIN_ID_BYTES_MAX))?.length, 2 * MPIN_ID_BYTES_MAX);
  const bad = [
    '',
    'a',
    'abc',
    'zz',
    '0x7b',
    '7b 7d',
    '7b\n',
    '７b',
    'ab'.repeat(MPIN_ID_BYTES_MAX + 1),
  ];
  for (const text of bad) t.equal(canonicalMpinId(text), undefined, text.slice(0, 20));
  for (const value of [undefined, null, 7, ['7b'], { length: 2 }, true]) {
    t.equal(canonicalMpinId(value), undefined);
  }
});

t.test('only bytes that are a JSON object with a userID are an identity', async (t) => {
  t.same(parseMpinId(hex('{"userID":"a","mobile":"1","salt":"x"}')), {
    userID: 'a',
    mobile: 1,
    issued: '',
  });
  t.match(parseMpinId(hex('{"userID":"Zoë","mobile":7,"issued":3}')), {
    userID: 'Zoë',
    mobile: 0,
    issued: '',
  });
  for (const text of ['', '{}', '[]', 'null', '"a"', '{"userID":1}', '{"userID":"a"', '1']) {
    t.equal(parseMpinId(hex(text)), undefined, text);
  }
  t.equal(parseMpinId('7bff7d'), undefined, 'bytes that are no UTF-8');
  t.equal(parseMpinId('zz'), undefined);
  t.equal(parseMpinId(`${hex('{"userID":"a"}')}zz`), undefined, 'hex with more behind it');
  const deep = hex(`{"userID":"a","x":${'['.repeat(900)}${']'.repeat(900)}}`);
  t.match(parseMpinId(deep), { userID: 'a' });
  const whatever = fc.property(fc.string(), (text) => {
    const read = parseMpinId(hex(text));
    return read === undefined || typeof read.userID === 'string';
  });
  fc.assert(whatever, { numRuns: 300 });
});

t.test('the hash of an identity is over its bytes, whatever the case of its hex', async (t) => {
  const id = hex('{"userID": "Zoë"}');
  const expected = createHash('sha256').update('{"userID": "Zoë"}').digest('hex');
  t.equal(hashMpinId(id).toString('hex'), expected);
  t.equal(hashMpinId(id.toUpperCase()).toString('hex'), expected);
});

t.test('tokens are fresh, of the asked length, and never come twice', async (t) => {
  const seen = new Set<string>();
  for (let at = 0; at < 20_000; at += 1) seen.add(randomToken());
  t.equal(seen.size, 20_000);
  t.equal(
    [...seen].every((token) => token.length === 2 * OTT_BYTES && /^[0-9a-f]+$/.test(token)),
    true,
  );
  for (const bytes of [1, 16, 100, 8191, 8192, 8193, 20_000]) {
    t.equal(randomToken(bytes).length, 2 * bytes, `${bytes} bytes`);
  }
  const long = randomToken(8192);
  t.notMatch(long, /^(00)+$/);
  t.notMatch(long, /(00){16}/, 'no block of it was spent before');
  const filled = Array.from({ length: 1000 }, () => new Uint8Array(32));
  for (const bytes of filled) fillRandom(bytes);
  const texts = new Set(filled.map((bytes) => Buffer.from(bytes).toString('hex')));
  t.equal(texts.size, 1000, 'nor are filled bytes');
  t.notOk(texts.has('00'.repeat(32)));
});

t.test('access numbers carry the check digit that clients compute', (t) => {
  for (const recorded of ['4241703', '6418791']) {
    t.equal(checkDigit(recorded.slice(0, 6)), Number(recorded[6]), recorded);
  }
  for (let drawn = 0; drawn < 2_000; drawn += 1) {
    const number = randomAccessNumber(true);
    if (!/^[1-9]\d{5}[1-9]$/.test(number) || checkDigit(number.slice(0, 6)) !== Number(number[6])) {
      t.fail(number);
    }
  }
  t.match(randomAccessNumber(false), /^[1-9]\d{5}$/);
  t.equal(new Set(Array.from({ length: 100 }, () => randomAccessNumber(true))).size > 90, true);
  for (const wid of ['123456', '1234567', 'f'.repeat(32)]) t.equal(isWid(wid), true, wid);
  for (const wid of ['', '0', '012345', '12345', '12345678', 'F'.repeat(32), '12345a']) {
    t.equal(isWid(wid), false, wid);
  }
  t.end();
});

t.test('names that would be markup somewhere are none', (t) => {
  for (const name of ['jo@example.com', 'jürgen@例え.jp', 'x'.repeat(254)]) {
    t.equal(isUserId(name), true, name);
  }
  for (const name of ['', '<b>', 'a&b', `a"b`, `a'b`, 'a\nb', '\ud800', 'x'.repeat(255)]) {
    t.equal(isUserId(name), false, JSON.stringify(name));
  }
  t.end();
});
