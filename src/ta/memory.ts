/**
 * What a process can do by itself so that its secrets do not reach a disk. The master secret itself
 * is locked where it is kept (src/crypto); whatever else passes through a process, texts above all,
 * only the service manager keeps from swap, by `MemorySwapMax=0` (README.md).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Logger } from 'pino';

/** Linux: which kinds of memory go into a core dump, as bits. */
const CORE_FILTER = '/proc/self/coredump_filter';
const SWAPS = '/proc/swaps';
const CGROUP = '/proc/self/cgroup';

/**
 * Takes this process's memory out of core dumps, whoever writes them and wherever to, and warns
 * where it cannot, or where memory may be swapped out.
 */
export function protectMemory(log: Logger): void {
  if (!leaveCoreDumpsEmpty()) {
    log.warn('memory would be in a core dump: set the limit of core files to 0 (LimitCORE=0)');
  }
  if (maySwap()) {
    log.warn('memory may be swapped to disk: encrypt swap, or run with MemorySwapMax=0');
  }
}

/** Warns where there is swap that the master secret could go to. */
export function warnUnlocked({ isLocked }: { readonly isLocked: boolean }, log: Logger): void {
  if (isLocked || !maySwap()) return;
  log.warn('the master secret may be swapped to disk: allow memory to be locked (LimitMEMLOCK)');
}

/** True when the kernel has taken it. Where there is no such file there is no such promise. */
export function leaveCoreDumpsEmpty(): boolean {
  try {
    writeFileSync(CORE_FILTER, '0');
    return Number.parseInt(readFileSync(CORE_FILTER, 'latin1'), 16) === 0;
  } catch {
    return false;
  }
}

/** False when this machine has no swap, or the control group of this process gets none of it. */
export function maySwap(): boolean {
  const [, ...areas] = (textOf(SWAPS) ?? 'unknown\nunknown').trim().split('\n');
  return areas.length > 0 && textOf(swapLimitFile())?.trim() !== '0';
}

function swapLimitFile(): string {
  const path = /^0::(\/.*)$/m.exec(textOf(CGROUP) ?? '')?.[1] ?? '/';
  return `/sys/fs/cgroup${path}/memory.swap.max`;
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1');
  } catch {
    return undefined;
  }
}
