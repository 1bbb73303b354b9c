/**
 * What the memory store takes and how fast it is: a million live challenges and a million results
 * in one process, then all of them ended while as many new ones come.
 *
 *   node out/bench/memory.js [--json] [entries] [identity bytes]
 */
import { randomBytes } from 'node:crypto';
import { createMemoryStore } from '../src/store/memory/memory-store.js';
import type { Store } from '../src/store/store.js';

const MIB = 1_048_576;
const CHALLENGE_LIFE_MS = 15_000;
const RESULT_LIFE_MS = 60_000;
/** New entries in a second of the store's clock while the old ones end. */
const ENDED_PER_SECOND = 10_000;
/** Calls timed for each verb. */
const TIMED_CALLS = 100_000;
/** Identities as they come: JSON with a date, a user and a salt. */
const IDENTITY_BYTES = 160;

interface Line {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
}

const numbers = process.argv.slice(2).filter((arg) => /^\d+$/.test(arg));
const entries = Number(numbers[0] ?? 1_000_000);
const identityBytes = Number(numbers[1] ?? IDENTITY_BYTES);

let nowMs = 1_700_000_000_000;
const lines: Line[] = [];
// The random part of many identities, drawn once: what is measured is the store.
const pool = randomBytes(MIB).toString('hex');
const points = { u: randomBytes(65), ut: randomBytes(65), y: randomBytes(32) };

/** A number as the first bytes of an otherwise arbitrary identity. */
function mpinId(kind: number, index: number): string {
  const head = (kind * 2 ** 40 + index).toString(16).padStart(16, '0');
  const from = (index * 34) % (pool.length - 2 * identityBytes);
  const id = head + pool.slice(from, from + 2 * identityBytes - head.length);
  // Makes one flat text of the parts, as those that come in a request are.
  id.charCodeAt(0);
  return id;
}

const token = (index: number) => index.toString(16).padStart(8, '0') + pool.slice(0, 24);
const challengeId = (index: number) => index.toString(16).padStart(16, '0');
const peer = (index: number) => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;

const begin = (store: Store, kind: number, index: number) => {
  const challenge = { id: challengeId(index), peer: peer(index), ...points };
  return store.putChallenge(mpinId(kind, index), challenge, CHALLENGE_LIFE_MS);
};

const end = (store: Store, kind: number, index: number, stored: boolean) =>
  store.settle({
    mpinId: mpinId(kind, index),
    proof: stored ? { proven: true, challengeId: challengeId(index) } : { proven: true },
    authOTT: token(index),
    resultLifeMs: RESULT_LIFE_MS,
    failuresMax: 3,
  });

function say(name: string, value: number, unit: string): void {
  lines.push({ name, value: Math.round(value * 10) / 10, unit });
}

/** CPU time, as other work on the machine does not count; in microseconds. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function timed(name: string, count: number, call: (index: number) => unknown) {
  const startedUs = cpuUs();
  for (let index = 0; index < count; index += 1) await call(index);
  say(name, ((cpuUs() - startedUs) * 1000) / count, 'ns of CPU');
}

async function verbs(store: Store): Promise<void> {
  for (const round of ['cold', 'warm']) {
    const kind = round === 'cold' ? 1 : 2;
    await timed(`building an identity, ${round}`, TIMED_CALLS, async (at) => mpinId(kind, at));
    await timed(`putChallenge, ${round}`, TIMED_CALLS, (at) => begin(store, kind, at));
    await timed(`challenges, ${round}`, TIMED_CALLS, (at) => store.challenges(mpinId(kind, at)));
    await timed(`settle, ${round}`, TIMED_CALLS, (at) => end(store, kind, at, true));
    await timed(`takeResult, ${round}`, TIMED_CALLS, (at) => store.takeResult(token(at)));
  }
}

/** As many new challenges and results as there are old ones, which end meanwhile. */
async function turnover(store: Store): Promise<void> {
  nowMs += RESULT_LIFE_MS;
  const startedUs = cpuUs();
  let slowestNs = 0n;
  for (let index = 0; index < entries; index += 1) {
    const before = process.hrtime.bigint();
    await begin(store, 5, index);
    await end(store, 6, index, false);
    const spent = process.hrtime.bigint() - before;
    if (spent > slowestNs) slowestNs = spent;
    if (index % ENDED_PER_SECOND === 0) nowMs += 1000;
  }
  const seconds = (cpuUs() - startedUs) / 1e6;
  say('ended and replaced', (2 * entries) / seconds, 'entries a second of CPU');
  say('slowest pair of calls', Number(slowestNs) / 1e6, 'ms');
}

async function run(): Promise<void> {
  const store = createMemoryStore({
    registrationsMax: 100_000,
    challengesMax: entries,
    resultsMax: entries,
    failingIdentitiesMax: entries,
    identityBytesMax: 4 * entries * identityBytes,
    meetingsMax: 1,
    otpUsersMax: 1,
    noncesMax: 1,
    revocationsMax: 1,
    permitIdentitiesMax: 200_000,
    now: () => nowMs,
  });
  say('at start', process.memoryUsage.rss() / MIB, 'MiB');
  await verbs(store);
  nowMs += RESULT_LIFE_MS;
  for (let index = 0; index < entries; index += 1) await begin(store, 3, index);
  say(`with ${entries} challenges`, process.memoryUsage.rss() / MIB, 'MiB');
  for (let index = 0; index < entries; index += 1) await end(store, 4, index, false);
  say(`and ${entries} results`, process.memoryUsage.rss() / MIB, 'MiB');
  await turnover(store);
  say('after all have been replaced', process.memoryUsage.rss() / MIB, 'MiB');
  await store.close();
}

await run();
const json = process.argv.includes('--json');
for (const line of lines) {
  const text = `${line.name.padEnd(36)} ${String(line.value).padStart(12)} ${line.unit}`;
  process.stdout.write(`${json ? JSON.stringify(line) : text}\n`);
}
