/** What the core is measured at: whole operations through the face that the server uses. */
import { addon } from '../src/crypto/addon.js';
import { timePermitShares } from '../src/crypto/authority.js';
import { clientSecretShare, createVerifier, hashId } from '../src/crypto/index.js';
import { RECORD_BYTES } from '../src/crypto/record.js';
import { makePopulation, POPULATION, type Population } from './logins.js';
import type { Case } from './measure.js';

/** Share of wrong logins in the case that has some, and what the core is told to expect. */
const WRONG_RATE = 0.05;
/** Dates of permits that clients are given at once. */
const PERMIT_DAYS = 13;
const FIRST_DAY = 20_000;
/** Calls of a short operation in one round. */
const CALLS = 4;

type Pick = (round: number, index: number) => 'right' | 'wrong';

/** The cases of the kernel of this process, over identities of which no two rounds share any. */
export function coreCases(): Case[] {
  const population = makePopulation();
  return [...verifyCases(population), ...authorityCases(population)];
}

function verifyCases(population: Population): Case[] {
  const verifier = createVerifier(population.serverSecret);
  const check = (name: string, size: number, pick: Pick, failureRate = 0): Case => {
    const records = new Uint8Array(size * RECORD_BYTES);
    return {
      name,
      kernel: addon.kernel,
      operations: size === 1 ? CALLS : size,
      rounds: Math.min(330, Math.max(66, Math.floor(4096 / size))),
      run(round) {
        if (size > 1) return batch(round);
        let right = true;
        for (let call = 0; call < CALLS; call += 1) right = batch(round * CALLS + call) && right;
        return right;
      },
    };
    function batch(round: number): boolean {
      const picks = Array.from({ length: size }, (_, index) => pick(round, index));
      for (const [index, which] of picks.entries()) {
        const login = (round * size + index) % POPULATION;
        records.set(population[which][login] ?? [], index * RECORD_BYTES);
      }
      const statuses = verifier.verifyRecords(records, failureRate);
      return picks.every((which, index) => statuses[index] === (which === 'right' ? 0 : -19));
    }
  };
  const right: Pick = () => 'right';
  return [
    check('verify_single', 1, right),
    check('verify_wrong_pin', 1, () => 'wrong'),
    check('verify_batch_8', 8, right),
    check('verify_batch_64', 64, right),
    check('verify_batch_256', 256, right),
    check('verify_batch_64_wrong5pct', 64, seededPick(WRONG_RATE), WRONG_RATE),
  ];
}

function authorityCases({ masterSecret, mpinIds }: Population): Case[] {
  const days = Array.from({ length: PERMIT_DAYS }, (_, day) => FIRST_DAY + day);
  const hashOf = (round: number) => hashId(mpinIds[round % POPULATION] ?? new Uint8Array(0));
  const { kernel } = addon;
  return [
    {
      name: 'client_secret',
      kernel,
      operations: CALLS,
      rounds: 330,
      run(round) {
        let bytes = 0;
        for (let call = 0; call < CALLS; call += 1) {
          bytes += clientSecretShare(masterSecret, hashOf(round * CALLS + call)).length;
        }
        return bytes === CALLS * 65;
      },
    },
    {
      name: 'time_permits_13',
      kernel,
      operations: 1,
      rounds: 165,
      run: (round) => timePermitShares(masterSecret, hashOf(round), days).length === 13 * 65,
    },
  ];
}

/** Wrong with this probability, the same ones in every run (mulberry32, seed 1). */
function seededPick(rate: number): Pick {
  let state = 1;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32 < rate ? 'wrong' : 'right';
  };
}
