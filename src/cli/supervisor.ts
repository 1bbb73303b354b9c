/** A group of child processes that live and die together. */
import { Child, type ChildSpec } from './child.js';
import { CliError, EXIT_INTERRUPTED } from './errors.js';

export interface SupervisorHooks {
  /** A child can do its whole job, and says where. */
  readonly up: (name: string, address: string) => void;
  /** All children can; a rejection ends the group. */
  readonly allUp: (signal: AbortSignal) => Promise<void>;
}

/**
 * Ctrl-C reaches children and parent alike, in any order: so long a child's clean end is not yet
 * taken for a fault, in milliseconds.
 */
const SIGNAL_LAG_MS = 300;

/**
 * Runs the children, stage by stage, until a signal comes or one of them ends.
 * @throws CliError that names the child that ended by itself; what `allUp` throws
 */
export async function supervise(
  stages: readonly (readonly ChildSpec[])[],
  hooks: SupervisorHooks,
): Promise<void> {
  const stop = new AbortController();
  const children: Child[] = [];
  const signalled = firstSignal(children);
  try {
    await Promise.race([signalled, startAll(stages, { children, hooks, signal: stop.signal })]);
  } finally {
    stop.abort();
    // The last one started is the one that clients reach: it goes first.
    for (const child of children.reverse()) await child.stop();
  }
}

/** Rejects when a child ends; never resolves, as a group that is up only waits for its end. */
async function startAll(
  stages: readonly (readonly ChildSpec[])[],
  group: { children: Child[]; hooks: SupervisorHooks; signal: AbortSignal },
): Promise<never> {
  const { children, hooks, signal } = group;
  for (const stage of stages) {
    const started = stage.map((spec) => new Child(spec));
    children.push(...started);
    const ready = started.map(async (child) => {
      const address = await child.ready;
      if (!signal.aborted) hooks.up(child.name, address);
    });
    await Promise.race([Promise.all(ready), firstEnd(children)]);
    if (signal.aborted) break;
  }
  await Promise.race([hooks.allUp(signal), firstEnd(children)]);
  return firstEnd(children);
}

async function firstEnd(children: readonly Child[]): Promise<never> {
  const reason = await Promise.race(children.map((child) => child.ended));
  await new Promise((resolve) => setTimeout(resolve, SIGNAL_LAG_MS));
  throw new CliError(reason);
}

/** Resolves at the first signal that asks to stop; the second ends everything at once. */
function firstSignal(children: readonly Child[]): Promise<void> {
  return new Promise((resolve) => {
    let seen = false;
    const onSignal = (): void => {
      if (seen) {
        for (const child of children) child.kill();
        process.exit(EXIT_INTERRUPTED);
      }
      seen = true;
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}
