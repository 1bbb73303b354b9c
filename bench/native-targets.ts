/** What the core should reach: ratios of medians within one run, and whether it does. */
import type { Figure } from './measure.js';

interface Target {
  readonly name: string;
  readonly kernel: string;
  readonly times: number;
  /** The case that the ratio is to, of the same kernel unless said otherwise; a peer has none. */
  readonly of: string;
  readonly ofKernel?: string;
}

const P256 = 'peer_openssl_p256_verify';

const TARGETS: readonly Target[] = [
  { name: 'verify_batch_64', kernel: 'ifma', times: 1 / 5, of: P256 },
  { name: 'verify_batch_64', kernel: 'adx', times: 3 / 4, of: P256 },
  { name: 'verify_single', kernel: 'adx', times: 4.5, of: P256 },
  { name: 'verify_single', kernel: 'adx', times: 1 / 6, of: 'peer_amcl_verify' },
  { name: 'verify_single', kernel: 'portable', times: 1.6, of: 'verify_single', ofKernel: 'adx' },
  { name: 'verify_batch_64_wrong5pct', kernel: 'ifma', times: 4, of: 'verify_batch_64' },
  { name: 'verify_wrong_pin', kernel: 'ifma', times: 1.1, of: 'verify_single' },
  { name: 'verify_wrong_pin', kernel: 'adx', times: 1.1, of: 'verify_single' },
  { name: 'verify_wrong_pin', kernel: 'portable', times: 1.1, of: 'verify_single' },
  { name: 'client_secret', kernel: 'ifma', times: 1.3, of: P256 },
  { name: 'client_secret', kernel: 'adx', times: 1.3, of: P256 },
];

/** A line for each target whose both sides were measured. */
export function targetLines(figures: readonly Figure[]): string[] {
  const median = (name: string, kernel: string) =>
    figures.find((one) => one.kernel === kernel && one.name.split('@')[0] === name)?.median;
  return TARGETS.flatMap(({ name, kernel, times, of, ofKernel = kernel }) => {
    const measured = median(name, kernel);
    const yardstick = median(of, of.startsWith('peer_') ? 'none' : ofKernel);
    if (measured === undefined || yardstick === undefined) return [];
    const ratio = measured / yardstick;
    const what = `${name}@${kernel} / ${of}${ofKernel === kernel ? '' : `@${ofKernel}`}`;
    const verdict = ratio <= times ? 'met' : 'NOT met';
    return [`${what.padEnd(56)} ${ratio.toFixed(3)}  wanted <= ${times.toFixed(3)}  ${verdict}`];
  });
}
