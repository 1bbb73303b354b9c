/** The client's cryptography by the native core, for Node. */
import { addG1, clientPass1, clientPass2, extractPin } from '../crypto/index.js';
import type { ClientCrypto } from './crypto.js';

export const nativeCrypto: ClientCrypto = {
  add: addG1,
  extractPin,
  pass1: clientPass1,
  pass2: clientPass2,
};
