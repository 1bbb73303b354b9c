/** `cold-start`: from nothing to the first login that was answered right. */
import type { Bench } from './bench.js';
import { createClient } from './load/dances.js';
import { percentiles, type Result, rounded } from './load/figures.js';
import { newHistogram, recordMs } from './load/latency.js';
import type { Work } from './load/work.js';

const STARTS = 5;

/**
 * A "login" here is a whole start with its first login: its time, its CPU. `loginsPerSecond` is
 * how many starts would fit into a second, one after the other.
 */
export async function coldStart(bench: Bench): Promise<Result> {
  const latency = newHistogram();
  const notes: string[] = [];
  const logins = bench.logins();
  const cpuUs: number[] = [];
  let rssMb: number | null = null;
  for (let start = 0; start < STARTS; start += 1) {
    const begun = performance.now();
    await bench.withRps(async (rps) => {
      const work: Work = { ...rps.work, kind: 'login-rest', logins, wrongEvery: 0 };
      const client = createClient(work);
      const login = logins[start % logins.length];
      try {
        if (login === undefined) throw new Error('no identity');
        if ((await client.run(login, false)) !== undefined) throw new Error('refused');
        recordMs(latency, performance.now() - begun);
      } catch (error) {
        notes.push((error as Error).message);
      }
      client.close();
      const used = await rps.probe();
      if (used.cpuUs !== null) cpuUs.push(used.cpuUs);
      rssMb = used.rssMb === null ? null : rounded(used.rssMb, 1);
    });
  }
  const cpuMean = cpuUs.reduce((sum, one) => sum + one, 0) / cpuUs.length;
  return {
    line: {
      scenario: 'cold-start',
      loginsPerSecond: latency.totalCount === 0 ? 0 : rounded(1_000_000 / latency.mean, 2),
      serverCpuUsPerLogin: cpuUs.length === 0 ? null : rounded(cpuMean, 1),
      ...percentiles(latency),
      errors: notes.length,
      rssMb,
      batchMean: null,
    },
    latency,
    notes,
    checks: [],
  };
}
