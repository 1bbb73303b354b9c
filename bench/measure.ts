/** Timing of one operation inside this process: rounds after a warm-up, medians and minima. */

export interface Figure {
  readonly name: string;
  readonly unit: 'us';
  /** Time of one operation (one login, where the case checks logins). */
  readonly median: number;
  readonly min: number;
  /** The kernel that did the work; 'none' for a peer. */
  readonly kernel: string;
  /** Counted rounds. */
  readonly n: number;
}

export interface Case {
  readonly name: string;
  readonly kernel: string;
  /** Operations that one call of `run` does. */
  readonly operations: number;
  /** Does the work of round `round` and returns whether the answer was right. */
  run(round: number): boolean;
  readonly rounds: number;
}

const WARM_UP_SHARE = 0.1;

/** Runs a case; throws when an answer is wrong, since a wrong answer has no speed. */
export function measure({ name, kernel, operations, run, rounds }: Case): Figure {
  const warmUp = Math.max(2, Math.ceil(rounds * WARM_UP_SHARE));
  const times: number[] = [];
  for (let round = -warmUp; round < rounds; round += 1) {
    const start = process.hrtime.bigint();
    const right = run(round + warmUp);
    const spent = Number(process.hrtime.bigint() - start);
    if (!right) throw new Error(`${name}: wrong answer in round ${round}`);
    if (round >= 0) times.push(spent / 1000 / operations);
  }
  times.sort((a, b) => a - b);
  const at = (index: number) => Math.round((times[index] ?? Number.NaN) * 100) / 100;
  return { name, unit: 'us', median: at(rounds >> 1), min: at(0), kernel, n: rounds };
}
