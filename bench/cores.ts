/** Which cores a process may use, by the system's own tool where there is one (util-linux). */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

export interface Halves {
  readonly server: string;
  readonly load: string;
}

/** The cores in two halves, as lists for {@link keepTo}; undefined where there is only one. */
export function halvesOfCores(cores = availableParallelism()): Halves | undefined {
  if (cores < 2) return undefined;
  const half = cores >> 1;
  return { server: range(0, half - 1), load: range(half, cores - 1) };
}

const range = (first: number, last: number): string =>
  first === last ? `${first}` : `${first}-${last}`;

/** Keeps all threads of a process to some cores; false where that cannot be done. */
export function keepTo(cores: string, pid: number): boolean {
  return spawnSync('taskset', ['-a', '-c', '-p', cores, String(pid)]).status === 0;
}
