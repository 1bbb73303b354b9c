/**
 * `npm run bench:native [-- --json]`: the cryptography of the core with every kernel that this CPU
 * has, beside its peers, in one run. Figures are microseconds of CPU time a login or an operation;
 * compare them within a run only.
 */
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { Kernel } from './kernel.js';
import { type Figure, Measurement, SLICES } from './measure.js';
import { buildMicro, measureMicro } from './micro.js';
import { targetLines } from './native-targets.js';
import { peerCases } from './peers.js';

const KERNELS = ['ifma', 'adx', 'portable'];
/** What of a CPU decides its kernel. */
const FLAGS = ['bmi2', 'adx', 'avx512f', 'avx512vl', 'avx512dq', 'avx512ifma', 'sha_ni'];

/** The selected kernel first, then the others that this CPU has. */
async function startKernels(): Promise<Kernel[]> {
  const selected = await Kernel.start();
  if (selected === undefined) return [];
  const others = KERNELS.filter((name) => name !== selected.name);
  const started = await Promise.all(others.map((name) => Kernel.start(name)));
  return [selected, ...started.filter((kernel) => kernel !== undefined)];
}

/** Slices of all in turn; first the selected kernel's figures, the others' with `@kernel`. */
async function measureAll(kernels: readonly Kernel[]): Promise<Figure[]> {
  const peers = peerCases().map((one) => new Measurement(one));
  for (let slice = 0; slice < SLICES; slice += 1) {
    for (const peer of peers) peer.slice();
    for (const kernel of kernels) await kernel.slice();
  }
  const figures = await Promise.all(kernels.map((kernel) => kernel.end()));
  return [...figures.flat(), ...peers.map((peer) => peer.figure())];
}

function header(selected: string, compiler: string): string {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown CPU';
  return [
    `kernel    ${selected}`,
    `CPU       ${cpu}; ${cpuFlags().join(' ')}`,
    `compiler  ${compiler}`,
    `peers     node ${process.version}, OpenSSL ${process.versions.openssl}`,
    'time      CPU time in microseconds, a login or an operation; compare within this run only',
  ].join('\n');
}

/** Of {@link FLAGS} those that Linux reports. */
function cpuFlags(): string[] {
  try {
    const words = new Set(readFileSync('/proc/cpuinfo', 'utf8').split(/\s+/));
    return FLAGS.filter((flag) => words.has(flag));
  } catch {
    return [];
  }
}

function line({ name, median, min, kernel, n }: Figure, yardstick: Figure | undefined): string {
  const ratio = yardstick === undefined ? Number.NaN : median / yardstick.median;
  return [
    name.padEnd(36),
    kernel.padEnd(9),
    `median ${median.toFixed(3).padStart(10)} us`,
    `min ${min.toFixed(3).padStart(10)} us`,
    `n ${String(n).padStart(4)}`,
    `${ratio.toFixed(3).padStart(8)} x P-256 verify`,
  ].join('  ');
}

async function main(): Promise<void> {
  const json = process.argv.includes('--json');
  const kernels = await startKernels();
  const names = kernels.map(({ name }) => name);
  const selected = names[0] ?? 'none';
  buildMicro(names);
  const micro = names.map(measureMicro);
  const measured = [...micro.flatMap(({ figures }) => figures), ...(await measureAll(kernels))];
  const figures = measured.map((one) =>
    one.kernel === selected || one.kernel === 'none'
      ? one
      : { ...one, name: `${one.name}@${one.kernel}` },
  );
  const print = (text: string) => process.stdout.write(`${text}\n`);
  // Machines read JSON lines and nothing else.
  process.stderr.write(`${header(selected, micro[0]?.compiler ?? 'unknown')}\n`);
  if (json) {
    for (const figure of figures) print(JSON.stringify(figure));
    return;
  }
  const yardstick = figures.find(({ name }) => name === 'peer_openssl_p256_verify');
  for (const figure of figures) print(line(figure, yardstick));
  print('');
  for (const target of targetLines(figures)) print(target);
}

await main();
