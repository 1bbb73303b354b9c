/** The client: one server, any number of users. Runs wherever its parts do. */
import { demandRegistered, type LoginRequest, login } from './login.js';
import { type ClientParts, connect } from './parts.js';
import { type RegisterRequest, register } from './register.js';
import type { Fields } from './settings.js';

export interface Client {
  /** Sets a PIN for a user. Throws ClientError, or RangeError for what is no PIN. */
  register(request: RegisterRequest): Promise<void>;
  /** Logs in; resolves with what the relying party says. Throws as `register` does. */
  login(request: LoginRequest): Promise<Fields>;
}

export function createClient(parts: ClientParts): Client {
  return {
    register: async (request) => register(parts, request),
    login: async (request) => {
      await demandRegistered(parts, request.userId);
      return login(await connect(parts), request);
    },
  };
}
