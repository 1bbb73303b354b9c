/**
 * Timing of operations inside this process, in slices: whoever measures several cases runs a slice
 * of each in turn, so that a noisy moment of the machine hits all of them alike.
 */

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
  /** Operations that one call of `run` does; a round should take some hundred microseconds. */
  readonly operations: number;
  /** Does the work of round `round` and returns whether the answer was right. */
  run(round: number): boolean;
  readonly rounds: number;
}

/** Slices a case is measured in. */
export const SLICES = 34;

/** The measurement of one case: a first slice warms up, the others count. */
export class Measurement {
  readonly #case: Case;
  readonly #times: number[] = [];
  #round = 0;

  constructor(one: Case) {
    this.#case = one;
  }

  /** Runs the next rounds; throws when an answer is wrong, since a wrong answer has no speed. */
  slice(): void {
    const { name, operations, run, rounds } = this.#case;
    const warmUp = this.#round === 0;
    for (let left = Math.ceil(rounds / (SLICES - 1)); left > 0; left -= 1) {
      const started = cpuTimeUs();
      const right = run(this.#round);
      const spent = cpuTimeUs() - started;
      if (!right) throw new Error(`${name}: wrong answer in round ${this.#round}`);
      if (!warmUp) this.#times.push(spent / operations);
      this.#round += 1;
    }
  }

  figure(): Figure {
    const { name, kernel } = this.#case;
    const times = this.#times.toSorted((a, b) => a - b);
    const at = (index: number) => Math.round((times[index] ?? Number.NaN) * 100) / 100;
    const n = times.length;
    return { name, unit: 'us', median: at(n >> 1), min: at(0), kernel, n };
  }
}

/** Measures one case alone. */
export function measure(one: Case): Figure {
  const measurement = new Measurement(one);
  for (let slice = 0; slice < SLICES; slice += 1) measurement.slice();
  return measurement.figure();
}

/** CPU time of this process so far: what a neighbour takes does not count. */
function cpuTimeUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
