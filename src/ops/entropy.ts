/** Entropy from a service, mixed into what the operating system gives (option EntropySources). */
import type { Logger } from 'pino';
import { mixIn } from '../protocol/tokens.js';

export interface EntropyParts {
  /** Base URL of the service; empty when it is not configured. */
  readonly url: string;
  /** The body of a 200 to a GET; rejects within a limit of its own. */
  readonly ask: (url: string) => Promise<string>;
  readonly log: Logger;
}

/**
 * Asks for so many bytes, once. Never rejects: without them randomness is the operating system's
 * alone, which is enough, and a warning is logged.
 */
export async function mixInService(bytes: number, { url, ask, log }: EntropyParts): Promise<void> {
  if (bytes === 0) return;
  const without = "randomness is the operating system's alone";
  if (url === '') {
    log.warn(`EntropySources names a service, but entropyURL is empty: ${without}`);
    return;
  }
  try {
    const hex = (await ask(`${url.replace(/\/+$/, '')}/${bytes}/hex`)).trim();
    const entropy = Buffer.from(hex, 'hex');
    if (hex.length !== 2 * bytes || entropy.length !== bytes) {
      throw new Error(`the answer is not ${bytes} bytes in hex`);
    }
    mixIn(entropy);
    entropy.fill(0);
    log.info({ bytes }, 'mixed entropy of the service into the generator');
  } catch (error) {
    log.warn(`no entropy from the service, ${without}: ${(error as Error).message}`);
  }
}
