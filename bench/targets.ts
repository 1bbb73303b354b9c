/** What is wanted of the figures, as multiples of the yardstick where CPU is concerned. */
import type { Check, Result } from './load/figures.js';
import { ratio } from './load/table.js';

/** CPU of a whole login, in P-256 verifies of the same run. */
const CPU_MAX: Readonly<Record<string, number>> = { 'login-rest': 1.5, 'login-ws': 2 };
/** 99 of 100 logins at 70 % of capacity, in milliseconds. */
const P99_MS_MAX: Readonly<Record<string, number>> = { 'login-rest': 10, 'login-ws': 10 };
/** CPU of a login with its state in Redis, without that of Redis, in logins in memory. */
const REDIS_MAX = 1.5;
/** CPU of a question to an authority in µs: 5,000 and 1,000 of them a second on one core. */
const SHARE_CPU_US_MAX: Readonly<Record<string, number>> = {
  'dta-client-secret': 200,
  'dta-time-permits': 1000,
};
/** CPU of a wrong PIN, in right ones. */
const WRONG_MAX = 3;

export function checksOf(results: readonly Result[], p256VerifyUs: number): Check[] {
  const checks = results.flatMap((result) => [
    ...cpuChecks(result, p256VerifyUs),
    ...latencyChecks(result),
    ...shareChecks(result),
    ...result.checks,
  ]);
  return [...checks, ...wrongPinChecks(results), ...redisChecks(results, p256VerifyUs)];
}

function cpuChecks({ line }: Result, p256VerifyUs: number): Check[] {
  const most = CPU_MAX[line.scenario];
  const found = ratio(line, p256VerifyUs);
  if (most === undefined || found === null) return [];
  const what = `${line.scenario} CPU ≤ ${most} × P-256 verify`;
  return [{ what, found: `${found.toFixed(2)} ×`, met: found <= most }];
}

function shareChecks({ line: { scenario, serverCpuUsPerLogin: found } }: Result): Check[] {
  const most = SHARE_CPU_US_MAX[scenario];
  if (most === undefined || found === null) return [];
  return [{ what: `${scenario} CPU ≤ ${most} µs`, found: `${found} µs`, met: found <= most }];
}

function latencyChecks({ line: { scenario, p99Ms } }: Result): Check[] {
  const most = P99_MS_MAX[scenario];
  if (most === undefined || p99Ms === null) return [];
  const what = `${scenario} p99 at 70 % of capacity ≤ ${most} ms`;
  return [{ what, found: `${p99Ms.toFixed(1)} ms`, met: p99Ms <= most }];
}

function redisChecks(results: readonly Result[], p256VerifyUs: number): Check[] {
  const cpuOf = (name: string) => {
    const result = results.find(({ line }) => line.scenario === name);
    return result === undefined ? null : ratio(result.line, p256VerifyUs);
  };
  return ['login-rest', 'login-ws'].flatMap((name) => {
    const [memory, redis] = [cpuOf(name), cpuOf(`${name}-redis`)];
    if (memory === null || redis === null) return [];
    const what = `${name}-redis CPU ≤ ${REDIS_MAX} × ${name}`;
    const found = `${(redis / memory).toFixed(2)} ×`;
    return [{ what, found, met: redis <= REDIS_MAX * memory }];
  });
}

function wrongPinChecks(results: readonly Result[]): Check[] {
  const cpuOf = (name: string) =>
    results.find(({ line }) => line.scenario === name)?.line.serverCpuUsPerLogin ?? null;
  const [right, wrong] = [cpuOf('login-rest'), cpuOf('wrong-pin-100pct')];
  if (right === null || wrong === null) return [];
  const what = `wrong-pin-100pct CPU ≤ ${WRONG_MAX} × login-rest`;
  return [{ what, found: `${(wrong / right).toFixed(2)} ×`, met: wrong <= WRONG_MAX * right }];
}
