/** Questions whose answers must not be seen. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CliError, EXIT_INTERRUPTED, EXIT_USAGE } from './errors.js';

/** True when there is someone to ask. */
export function canPrompt(): boolean {
  return process.stdin.isTTY === true;
}

/** Asks at the terminal; what is typed is not shown. Throws CliError on Ctrl-C and end of input. */
export function promptHidden(question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  return new Promise((resolve, reject) => {
    // The terminal is quiet from here on, so nothing typed early is shown either.
    const lines = createInterface({
      input: process.stdin,
      output: nowhere,
      terminal: true,
      historySize: 0,
    });
    process.stderr.write(question);
    lines.once('line', (line) => {
      resolve(line);
      lines.close();
    });
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => {
      process.stderr.write('\n');
      reject(new CliError('interrupted', EXIT_INTERRUPTED));
    });
  });
}

/** Asks twice for a secret that is being set; throws CliError when the answers differ. */
export async function promptNew(what: string): Promise<string> {
  const first = await promptHidden(`New ${what}: `);
  if (first !== (await promptHidden(`The same ${what} again: `))) {
    throw new CliError(`the two answers differ: no ${what} was set`, EXIT_USAGE);
  }
  return first;
}
