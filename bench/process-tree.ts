/** What a process and all that came of it have used, by the operating system's own accounts. */
import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second in /proc: fixed by Linux's interface on all its architectures. */
const TICKS_PER_SECOND = 100;

export interface Usage {
  /** User and system time of all threads, ended ones and children waited for included. */
  readonly cpuUs: number;
  /** Memory in use; pages shared by several processes count in each. */
  readonly rssMb: number;
}

/** Undefined where there is no /proc, or the process is gone. */
export function usageOf(pid: number): Usage | undefined {
  const tree = treeOf(pid);
  if (tree.length === 0) return undefined;
  const ticks = tree.reduce((sum, process) => sum + process.ticks, 0);
  return {
    cpuUs: (ticks * 1_000_000) / TICKS_PER_SECOND,
    rssMb: tree.reduce((sum, { pid: one }) => sum + rssMbOf(one), 0),
  };
}

/** A process and all that came of it. */
export function familyOf(pid: number): number[] {
  return treeOf(pid).map((process) => process.pid);
}

/** The processes that a process has started, oldest first. */
export function childrenOf(pid: number): number[] {
  const children = allProcesses().filter(({ parent }) => parent === pid);
  return children.map((child) => child.pid).sort((a, b) => a - b);
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

function treeOf(root: number): Process[] {
  const all = allProcesses();
  const tree = all.filter(({ pid }) => pid === root);
  for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid));
  return tree;
}

function allProcesses(): Process[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => readProcess(Number(pid)) ?? []);
  } catch {
    return [];
  }
}

function readProcess(pid: number): Process | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name before may hold spaces and parentheses; the fields after it are numbers.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number) as [
      number,
      number,
      number,
      number,
    ];
    return { pid, parent: Number(fields[1]), ticks: utime + stime + cutime + cstime };
  } catch {
    // It ended between the listing and now.
    return undefined;
  }
}

function rssMbOf(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}
