/**
 * `npm run bench:native [-- --json]`: the cryptography of the core beside its peers, in one run on
 * one core. Figures are microseconds a login or an operation; compare them within a run only, as a
 * busy neighbour slows all of them alike.
 */
import { cpus } from 'node:os';
import { addon } from '../src/crypto/addon.js';
import { clientSecretShare, createVerifier, hashId } from '../src/crypto/index.js';
import { makePopulation, type Population } from './logins.js';
import { type Case, type Figure, measure } from './measure.js';
import { milagroJsVerify, opensslP256Verify } from './peers.js';

/** Enough that no two rounds in a row see the same identity, and the caches of the CPU overflow. */
const POPULATION = 512;

function coreCases(population: Population): Case[] {
  const verifier = createVerifier(population.serverSecret);
  const { kernel } = addon;
  const { right, wrong, masterSecret } = population;
  const slice = (round: number, size: number) =>
    Array.from({ length: size }, (_, i) => (round * size + i) % POPULATION);
  const single = (name: string, logins: Population['right'], expected: number): Case => ({
    name,
    kernel,
    operations: 1,
    rounds: 200,
    run(round) {
      const login = logins[round % POPULATION];
      return login !== undefined && verifier.verify(login) === expected;
    },
  });
  const batch = (size: number): Case => ({
    name: `verify_batch_${size}`,
    kernel,
    operations: size,
    rounds: Math.max(10, Math.floor(2048 / size)),
    run(round) {
      const logins = slice(round, size).flatMap((i) => right[i] ?? []);
      return verifier.verifyBatch(logins).every((status) => status === 0);
    },
  });
  return [
    single('verify_single', right, 0),
    single('verify_wrong_pin', wrong, -19),
    batch(8),
    batch(64),
    batch(256),
    {
      name: 'client_secret',
      kernel,
      operations: 1,
      rounds: 300,
      run(round) {
        const login = right[round % POPULATION];
        if (login === undefined) return false;
        return clientSecretShare(masterSecret, hashId(login.mpinId)).length === 65;
      },
    },
  ];
}

function header(): string {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown CPU';
  const openssl = process.versions.openssl;
  return `kernel ${addon.kernel}, ${cpu}, node ${process.version}, OpenSSL ${openssl}`;
}

function main(): void {
  const json = process.argv.includes('--json');
  if (!json) process.stdout.write(`${header()}\n`);
  const population = makePopulation(POPULATION);
  const figures: Figure[] = [];
  for (const one of [opensslP256Verify(), ...coreCases(population), milagroJsVerify(population)]) {
    const figure = measure(one);
    figures.push(figure);
    process.stdout.write(json ? `${JSON.stringify(figure)}\n` : line(figure, figures[0]));
  }
}

/** A row of the table; the ratio is to the first case, the passkey check. */
function line({ name, median, min, kernel, n }: Figure, yardstick: Figure | undefined): string {
  const ratio = yardstick === undefined ? 1 : median / yardstick.median;
  const cells = [
    name.padEnd(28),
    kernel.padEnd(9),
    `median ${median.toFixed(2).padStart(9)} us`,
    `min ${min.toFixed(2).padStart(9)} us`,
    `n ${String(n).padStart(4)}`,
    `${ratio.toFixed(2).padStart(7)} x P-256 verify`,
  ];
  return `${cells.join('  ')}\n`;
}

main();
