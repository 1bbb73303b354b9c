/** A configuration that is read again while a role runs: on SIGHUP, or when a file changes. */
import { unwatchFile, watchFile } from 'node:fs';
import type { Logger } from 'pino';
import { differencesOf, type OptionChanges } from '../config/live.js';
import type { OptionsOf, OptionTable } from '../config/option.js';
import { ConfigError } from '../config/value.js';

/** Milliseconds between two looks at a file, whatever file system it lies on. */
const WATCH_MS = 2_000;

export interface ReloadParts<T extends OptionTable> {
  readonly table: T;
  /** What the role was started with. */
  readonly options: OptionsOf<T>;
  /** Reads all sources again. Throws ConfigError. */
  readonly load: () => OptionsOf<T>;
  /** Takes new values of dynamic options over. */
  readonly apply: (changes: OptionChanges) => void;
  readonly log: Logger;
}

/**
 * A function that reads the configuration again. A wrong one changes nothing and is logged; what
 * cannot change without a restart is named in the log each time, until there was one.
 */
export function reloader<T extends OptionTable>(parts: ReloadParts<T>): () => void {
  const { table, load, apply, log } = parts;
  let running = parts.options;
  return () => {
    try {
      const { dynamic, restart } = differencesOf(table, running, load());
      running = { ...running, ...dynamic };
      apply(dynamic);
      log.info({ changed: Object.keys(dynamic) }, 'configuration read again');
      if (restart.length > 0) log.warn({ options: restart }, 'changed, but need a restart');
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const problems = error.message.split('\n');
      log.error({ problems }, 'wrong configuration: the one before goes on');
    }
  };
}

/** Reads again on SIGHUP. */
export function reloadOnHangup(reload: () => void): void {
  // At a terminal SIGHUP is the end of the terminal, and whoever closes it wants no server left.
  if (process.stdin.isTTY !== true) process.on('SIGHUP', reload);
}

/**
 * Reads again when one of the files changes, comes or goes.
 * @param files asked anew after each change, as a configuration may name others then
 */
export function reloadOnChange(reload: () => void, files: () => readonly string[]): void {
  let watched: readonly string[] = [];
  const changed = (): void => {
    reload();
    watch();
  };
  const watch = (): void => {
    const named = [...new Set(files())];
    for (const file of watched) if (!named.includes(file)) unwatchFile(file, changed);
    const added = named.filter((file) => !watched.includes(file));
    for (const file of added) {
      watchFile(file, { interval: WATCH_MS, persistent: false }, changed);
    }
    watched = named;
    // The first look at a file comes later, and takes it as it is then: what was written since it
    // was read would go unseen.
    if (added.length > 0) setTimeout(reload, WATCH_MS).unref();
  };
  watch();
}
