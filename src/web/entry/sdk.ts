/** The client for browsers without the pad: `import { createBrowserClient } from …`. */
export { ClientError, type ClientErrorCode } from '../../client/errors.js';
export type { Fields, Settings } from '../../client/settings.js';
export {
  type BrowserClient,
  type BrowserClientOptions,
  createBrowserClient,
} from '../sdk/browser-client.js';
export type { IdentitySummary } from '../sdk/browser-storage.js';
export type { WireEvent, WireListener } from '../sdk/wire.js';
