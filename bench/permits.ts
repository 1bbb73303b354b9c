/**
 * Publishing time permits to a folder: a run over identities of which none is published yet, the
 * same run again with nothing left to do, and the removal of a day past. The real storage, the real
 * list of identities, the real worker threads; one line of JSON for each phase.
 *
 *   node out/bench/permits.js [--count 50000] [--days 1] [--threads 2] [--folder DIR]
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { permitsOptions } from '../src/config/permits.js';
import { randomSecret } from '../src/crypto/index.js';
import { createAuthorityPool } from '../src/crypto/pool.js';
import { systemClock } from '../src/protocol/clock.js';
import { runPermits } from '../src/ta/permits/run.js';
import { openPermits, type PermitsGround } from '../src/ta/permits/service.js';

const MIB = 1_048_576;
const MILLION = 1_000_000;
const DAY_MS = 86_400_000;
const SAMPLE_EVERY_MS = 100;
const TENTHS = 10;
const APP_ID = 'a1'.repeat(16);

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '50000' },
    days: { type: 'string', default: '1' },
    threads: { type: 'string', default: '2' },
    folder: { type: 'string', default: tmpdir() },
  },
});
const identities = Number(values.count);
const days = Number(values.days);
const threads = Number(values.threads);
const root = mkdtempSync(join(values.folder, 'mpin-bench-permits-'));

let nowMs = systemClock().now();
const clock = { now: () => nowMs };
const pool = createAuthorityPool({ masterSecret: randomSecret(), threads });
const initial = Object.fromEntries(
  Object.entries(permitsOptions).map(([name, { initial }]) => [name, initial]),
) as { readonly [K in keyof typeof permitsOptions]: (typeof permitsOptions)[K]['initial'] };

function openGround(): Promise<PermitsGround> {
  const options = {
    ...initial,
    permitsDays: days,
    // The day moves on at midnight alone, however late it is.
    permitsLeadMinutes: 0,
    permitsFolder: join(root, 'permits'),
    permitsIdentitiesFolder: join(root, 'identities'),
  };
  return openPermits(options, {
    shares: { timePermits: (hash, dates) => pool.timePermitShares(hash, dates) },
    isServed: () => true,
    isRevoked: () => false,
    log: pino({ level: 'silent' }),
    clock,
  });
}

type Measured = Readonly<Record<string, number | readonly number[]>>;

async function timed(name: string, work: () => Promise<Measured>): Promise<void> {
  const rssAtStart = process.memoryUsage.rss();
  let rssMax = rssAtStart;
  const sample = () => {
    rssMax = Math.max(rssMax, process.memoryUsage.rss());
  };
  const sampler = setInterval(sample, SAMPLE_EVERY_MS);
  const cpu = process.cpuUsage();
  const started = performance.now();
  const more = await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  clearInterval(sampler);
  sample();
  const perMillion = (value: number) => (value * MILLION) / identities;
  const line = {
    name,
    identities,
    days,
    threads,
    ...more,
    seconds: rounded(seconds),
    cpuSeconds: rounded((user + system) / 1e6),
    minutesPerMillionIdentities: rounded(perMillion(seconds) / 60),
    cpuMinutesPerMillionIdentities: rounded(perMillion((user + system) / 1e6) / 60),
    rssAtStartMb: rounded(rssAtStart / MIB),
    rssMaxMb: rounded(rssMax / MIB),
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}

/**
 * A run, with how long each tenth of it took and the memory of the process after it: both stay
 * as they are however many there are, or one looks why.
 */
async function run(ground: PermitsGround): Promise<Measured> {
  const rssMbByTenth: number[] = [];
  const secondsByTenth: number[] = [];
  let lastMs = performance.now();
  const { permits, removed } = await runPermits(ground, {
    signal: new AbortController().signal,
    onPage: ({ looked }) => {
      const isTenth = looked >= ((rssMbByTenth.length + 1) * identities) / TENTHS;
      if (!isTenth) return;
      rssMbByTenth.push(Math.round(process.memoryUsage.rss() / MIB));
      secondsByTenth.push(rounded((performance.now() - lastMs) / 1000));
      lastMs = performance.now();
    },
  });
  return { permits, removed, secondsByTenth, rssMbByTenth };
}

try {
  const filled = await openGround();
  const today = filled.calendar.today;
  for (let count = 0; count < identities; count += 1) {
    filled.identities.see({ appId: APP_ID, storageId: randomBytes(32).toString('hex') }, today);
    if (count % 10_000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await filled.close();
  const ground = await openGround();
  await timed('permits-publish', () => run(ground));
  await timed('permits-nothing-to-do', () => run(ground));
  nowMs += days * DAY_MS + DAY_MS;
  await timed('permits-remove', async () => ({
    removed: await ground.publisher.removeBefore(ground.calendar.today),
  }));
  await ground.close();
} finally {
  await pool.close();
  rmSync(root, { recursive: true });
}
