/** What every role of the program gets at its start, and gives back. */
import type { Logger } from 'pino';
import type { Clock } from '../protocol/clock.js';
import type { Siblings } from './siblings.js';

export interface RoleContext {
  readonly log: Logger;
  readonly clock: Clock;
  /** Other processes of the same service on the same port; undefined for one that is alone. */
  readonly siblings?: Siblings;
}

export interface RunningRole {
  /** Where it listens: `http://host:port`, the port being the real one when 0 was asked for. */
  readonly address: string;
  /** Where private routes are served, when that may be elsewhere. */
  readonly privateAddress?: string;
  /** Opens files anew that may have been replaced: logs, certificates. SIGHUP asks for it. */
  reload?(): void;
  /** Resolves once the role can do its whole job (for the RPS: it holds the server secret). */
  readonly ready: Promise<void>;
  /** Longest a stop may take in milliseconds, when the role's options say; else the program's. */
  readonly stopMsMax?: number;
  /**
   * Takes new values of options over that are dynamic in the role's table, all at once. A role
   * without it has none but those that the program sees to.
   */
  reconfigure?(changes: Readonly<Record<string, unknown>>): void;
  /** Stops accepting, lets what is in flight finish within its limit, frees everything. */
  stop(): Promise<void>;
}
