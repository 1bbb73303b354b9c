/** What `mpin --version` says: all that a bug report needs. */
import { packageVersion } from '../ops/version.js';

export async function versionText(): Promise<string> {
  return `mpin ${packageVersion()}, node ${process.version}, kernel ${await kernel()}\n`;
}

/**
 * The core's kernel in use and the AMCL beside it, or why there is no core: asking for the version
 * must always work.
 */
async function kernel(): Promise<string> {
  try {
    const { addon } = await import('../crypto/addon.js');
    const amcl = addon.amclVersion === null ? 'no AMCL' : `AMCL ${addon.amclVersion}`;
    return `${addon.kernel}, ${amcl}`;
  } catch (error) {
    return `none (${(error as Error).message})`;
  }
}
