/** The version of this package, as its package.json has it. */
import { createRequire } from 'node:module';

export function packageVersion(): string {
  const require = createRequire(import.meta.url);
  return (require('mpin-server/package.json') as { readonly version: string }).version;
}
