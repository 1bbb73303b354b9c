/** What `mpin --version` says: all that a bug report needs. */
import { createRequire } from 'node:module';

export async function versionText(): Promise<string> {
  const { version } = createRequire(import.meta.url)('mpin-server/package.json') as {
    version: string;
  };
  return `mpin ${version}, node ${process.version}, kernel ${await kernel()}\n`;
}

/** The core's kernel in use, or why there is none: asking for the version must always work. */
async function kernel(): Promise<string> {
  try {
    const { addon } = await import('../crypto/addon.js');
    return addon.kernel;
  } catch (error) {
    return `none (${(error as Error).message})`;
  }
}
