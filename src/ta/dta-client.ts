/**
 * The proxy's way to the D-TA behind it: HTTP on loopback, as in the documents' topology. So the
 * public face holds no master secret and can only ask a D-TA's five questions, and the two can
 * become two processes without a change; a call within the process would save some 0.1 ms.
 *
 * Queries are signed anew, with a key that only these two share. So the D-TA need not know the
 * applications (they come and go at the proxy), nobody but this proxy can ask it even from its own
 * machine, and what reaches it is built from checked fields, never passed on.
 */
import type { Credentials } from '../config/credentials.js';
import { HttpError, type JsonObject } from '../http/call.js';
import { type Outgoing, OutgoingError } from '../http/outgoing.js';
import { type Clock, isoSeconds } from '../protocol/clock.js';
import {
  SIGNATURE_LIFE_MS,
  signClientSecret,
  signService,
  signTimePermit,
} from '../protocol/signature.js';
import { unavailable } from './replies.js';

export interface DtaClient {
  serverSecret(): Promise<JsonObject>;
  clientSecret(hashMpinId: string): Promise<JsonObject>;
  timePermit(hashMpinId: string): Promise<JsonObject>;
  status(): Promise<JsonObject>;
}

export interface DtaClientParts {
  /** `http://host:port` of the D-TA. */
  readonly address: string;
  /** What the D-TA knows its only client by. */
  readonly credentials: Credentials;
  readonly outgoing: Outgoing;
  readonly clock: Clock;
}

/**
 * Each question gives the D-TA's body; an unreachable or busy D-TA is a 503 (HttpError), one that
 * answers anything else unforeseen a 500, as the proxy never asks it something wrong.
 */
export function dtaClient({ address, credentials, outgoing, clock }: DtaClientParts): DtaClient {
  const { appId, appKey } = credentials;
  const ask = (path: string, query: Record<string, string>) =>
    answered(outgoing.getJson(`${address}/${path}?${new URLSearchParams(query)}`));
  const expiry = () => isoSeconds(clock.now() + SIGNATURE_LIFE_MS);
  return {
    serverSecret: () => {
      const expires = expiry();
      const signature = signService(appKey, 'serverSecret', { appId, expires });
      return ask('serverSecret', { app_id: appId, expires, signature });
    },
    clientSecret: (hashMpinId) => {
      const expires = expiry();
      const signature = signClientSecret(appKey, { appId, hashMpinId, expires });
      return ask('clientSecret', { app_id: appId, expires, hash_mpin_id: hashMpinId, signature });
    },
    timePermit: (hashMpinId) => {
      const signature = signTimePermit(appKey, hashMpinId);
      return ask('timePermit', { hash_mpin_id: hashMpinId, signature });
    },
    status: () => ask('status', {}),
  };
}

async function answered(reply: Promise<JsonObject>): Promise<JsonObject> {
  try {
    return await reply;
  } catch (error) {
    if (!(error instanceof OutgoingError)) throw error;
    if (error.reason === 'unreachable' || error.reason === 'timeout' || error.status === 503) {
      throw unavailable('The D-TA cannot be reached');
    }
    throw new HttpError(500, 'The D-TA failed');
  }
}
