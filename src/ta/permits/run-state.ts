/** How far a run has come, as it is written down with each page of it. */

export interface RunState {
  /** Of the process that runs it. */
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly startedMs: number;
  readonly updatedMs: number;
  /** Absent while it goes on, and when it was killed. */
  readonly endedMs?: number;
  /** Why it has ended before its end. */
  readonly failure?: string;
  /** The last day it publishes. */
  readonly untilDay: number;
  /** Identities known when it began. */
  readonly identities: number;
  /** Identities looked at. */
  readonly looked: number;
  /** Permits put by this run: those of identities that were published before are not among them. */
  readonly permits: number;
  /** Identities forgotten: not seen for long, or revoked. */
  readonly forgotten: number;
  /** Permits of days past that were removed. */
  readonly removed: number;
}

/** Milliseconds without a page after which a run is taken for dead, whatever has its number. */
const SILENCE_MS_MAX = 600_000;

/** False for one that has ended or whose process has. */
export function isUnderWay({ pid, endedMs, updatedMs }: RunState, nowMs: number): boolean {
  return endedMs === undefined && nowMs - updatedMs < SILENCE_MS_MAX && isAlive(pid);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is there, and another user's.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
