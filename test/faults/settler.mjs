/**
 * A process that settles attempts in a store that it shares, until it is killed. Each answer goes
 * into a file of its own at once: what stands there was answered, whatever became of the process.
 * It runs what is compiled, as it is started a dozen times.
 *
 *   node settler.mjs <store> <orders.json> <log> <seed>
 *
 * Orders: `accept` are [mpinId, challengeId] that may be used once, `fail` are identities.
 */
import { openSync, readFileSync, writeSync } from 'node:fs';
import { openFileStore } from '../../out/src/store/file/file-store.js';

/** Settlements under way at once: as many requests would wait for one commit. */
const AT_ONCE = 40;
/** Nobody is to be locked. */
const FAILURES_MAX = 1_000_000;

const [file, ordersFile, log, seed] = process.argv.slice(2);
const { accept, fail } = JSON.parse(readFileSync(ordersFile, 'utf8'));
const descriptor = openSync(log, 'w');
const say = (line) => writeSync(descriptor, `${line}\n`);

const store = openFileStore({
  file,
  sync: false,
  bytesMax: 100_000_000,
  registrationsMax: 100_000,
  challengesMax: 100_000,
  resultsMax: 1_000_000,
  failingIdentitiesMax: 100_000,
  permitIdentitiesMax: 1,
  meetingsMax: 1,
  otpUsersMax: 1,
  noncesMax: 1,
  revocationsMax: 1,
  now: () => Date.now(),
});

const common = { resultLifeMs: 60_000, failuresMax: FAILURES_MAX };

async function settleAccept(at) {
  const [mpinId, challengeId] = accept[at];
  const settled = await store.settle({ ...common, mpinId, proof: { proven: true, challengeId } });
  if (settled === 200) say(`accepted ${at}`);
}

async function settleFail(at) {
  say(`asked ${at}`);
  await store.settle({ ...common, mpinId: fail[at], proof: { proven: false } });
  say(`counted ${at}`);
}

/** Another order for each seed, the same for the same one (mulberry32). */
function shuffle(values, from) {
  let state = from;
  for (let at = values.length - 1; at > 0; at -= 1) {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    const other = ((z ^ (z >>> 14)) >>> 0) % (at + 1);
    [values[at], values[other]] = [values[other], values[at]];
  }
}

for (let round = Number(seed); ; round += 1) {
  const steps = [
    ...accept.map((_, at) => () => settleAccept(at)),
    ...fail.map((_, at) => () => settleFail(at)),
  ];
  shuffle(steps, round);
  while (steps.length > 0) await Promise.all(steps.splice(0, AT_ONCE).map((step) => step()));
}
