/** The life of a role's process: says when it can work, stops on request, dies with its parent. */
import type { Logger } from 'pino';
import type { RunningRole } from './role.js';

/** What a role's process tells its parent over IPC once it can do its whole job. */
export interface ReadyMessage {
  readonly type: 'ready';
  readonly address: string;
}

export interface LifecycleOptions {
  readonly log: Logger;
  /** Most milliseconds `role.stop` may take before the process ends without it. */
  readonly graceMs: number;
}

/** Exit codes: a shell sees 128 + signal number for a second, impatient signal. */
const EXIT_OK = 0;
const EXIT_FAILED = 1;
const EXIT_SIGNAL: Readonly<Record<string, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Runs `role` until SIGTERM, SIGINT or the end of the parent that started this process over IPC,
 * then stops it and exits with 0. A second signal exits at once. An uncaught error, a failing
 * `ready` or a stop that outlasts `graceMs` is logged and exits with 1. SIGHUP has a role that can
 * do so open its files anew, and ends any other as ever. Never returns.
 */
export function runUntilStopped(role: RunningRole, options: LifecycleOptions): Promise<never> {
  const { log } = options;
  let stopping = false;
  const stop = (why: string, code: number) => {
    if (stopping) return;
    stopping = true;
    log.info({ why }, 'stopping');
    void end(role, options, code);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(EXIT_SIGNAL[signal]);
      stop(signal, EXIT_OK);
    });
  }
  // At a terminal SIGHUP is the end of the terminal, and whoever closes it wants no server left.
  if (role.reload !== undefined && process.stdin.isTTY !== true) {
    process.on('SIGHUP', () => {
      log.info('SIGHUP: files are opened anew');
      role.reload?.();
    });
  }
  process.once('disconnect', () => stop('parent is gone', EXIT_OK));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught error');
    process.exit(EXIT_FAILED);
  });
  role.ready.then(
    () => announce(role.address),
    (error: unknown) => {
      log.fatal({ err: error }, 'cannot become ready');
      stop('not ready', EXIT_FAILED);
    },
  );
  return new Promise(() => {});
}

async function end(role: RunningRole, { log, graceMs }: LifecycleOptions, code: number) {
  const overdue = setTimeout(() => {
    log.error({ graceMs }, 'stop took too long');
    process.exit(EXIT_FAILED);
  }, graceMs);
  try {
    await role.stop();
  } catch (error) {
    log.error({ err: error }, 'stop failed');
    process.exit(EXIT_FAILED);
  }
  clearTimeout(overdue);
  process.exit(code);
}

function announce(address: string): void {
  if (!process.connected) return;
  const message: ReadyMessage = { type: 'ready', address };
  // A parent that went away between the check and the send is told by 'disconnect'.
  process.send?.(message, () => {});
}
