/** How a failed command ends: on stderr what is wrong, and an exit code a script can rely on. */
import { CommanderError } from 'commander';
import { ConfigError } from '../config/load.js';

/** The command could not do its work. */
export const EXIT_FAILED = 1;
/** The command was called or configured wrongly. */
export const EXIT_USAGE = 2;
/** Ended by Ctrl-C, as shells number it. */
export const EXIT_INTERRUPTED = 130;

/** A failure with an exit code of its own. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT_FAILED) {
    super(message);
    this.name = 'CliError';
    this.exitCode = exitCode;
  }
}

/** Says on stderr what went wrong, a line for each mistake; gives the exit code. */
export function report(command: string, error: unknown): number {
  // Commander has said it already, and help or version are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  const message = error instanceof Error ? error.message : String(error);
  const mistakes = error instanceof ConfigError ? message.split('\n') : [message];
  for (const mistake of mistakes) {
    process.stderr.write(`${command}: ${mistake.replace(/\s*\n\s*/g, ' ')}\n`);
  }
  if (error instanceof CliError) return error.exitCode;
  return error instanceof ConfigError ? EXIT_USAGE : EXIT_FAILED;
}
