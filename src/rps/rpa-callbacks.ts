/** The calls that the RPS makes to the relying party's application (contract §6). */
import type { Logger } from 'pino';
import type { RpsOptions } from '../config/rps.js';
import { HttpError } from '../http/call.js';
import { booleanField, parseJsonObject } from '../http/json.js';
import { type Outgoing, OutgoingError, type OutgoingReply } from '../http/outgoing.js';

/** What the RPA is asked to confirm, in the names of the wire. */
export interface VerifyUserRequest {
  readonly userId: string;
  readonly mpinId: string;
  readonly mobile: 0 | 1;
  readonly activateKey: string;
  readonly expireTime: string;
  readonly resend: boolean;
  readonly deviceName: string;
  readonly userData: unknown;
  readonly activateCode?: unknown;
}

export interface RpaCallbacks {
  /**
   * Asks the RPA to have a person confirmed. Throws the HttpError that the client is to get: the
   * RPA's own 4xx, or 500 when it is not configured, not reachable, failing or unintelligible.
   * @param client what the RPA is told of the client's own request
   * @returns true when the RPA confirms at once
   */
  verifyUser(request: VerifyUserRequest, client: ClientRequest): Promise<boolean>;
  /**
   * Whether the person may have time permits: 200, or the 4xx by which the RPA refuses. Throws
   * HttpError 500 when nobody can tell.
   */
  permitUser(mpinId: string): Promise<number>;
}

/** The request of a client that a call to the RPA is made for. */
export interface ClientRequest {
  /** What links to this service start with. */
  readonly baseUrl: string | undefined;
  /** Those headers that the RPA is to have (option RegisterForwardUserHeaders). */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Statuses by which an RPA refuses a person (contract §2.1). Another 4xx looks like a mistake in
 * the configuration, which must not tell everybody that they were revoked.
 */
const REFUSALS: ReadonlySet<number> = new Set([401, 403, 410]);

/** Clients read these of an RPA's reply; others would say nothing to them. */
const isClientError = (status: number): boolean => status >= 400 && status < 500;

export interface RpaCallbackParts {
  readonly options: Pick<RpsOptions, 'RPAVerifyUserURL' | 'RPAPermitUserURL' | 'permitStatusOfRPA'>;
  readonly outgoing: Outgoing;
  readonly log: Logger;
}

export function createRpaCallbacks({ options, outgoing, log }: RpaCallbackParts): RpaCallbacks {
  const { RPAVerifyUserURL: verifyUrl, RPAPermitUserURL: permitUrl } = options;

  const call = async (
    what: string,
    request: Parameters<Outgoing['request']>[0],
  ): Promise<OutgoingReply> => {
    try {
      return await outgoing.request(request);
    } catch (error) {
      if (!(error instanceof OutgoingError)) throw error;
      log.error({ call: what, reason: error.reason }, 'the RPA cannot be asked');
      throw new HttpError(500, 'The relying party could not be asked');
    }
  };

  return {
    async verifyUser(request, { baseUrl, headers }) {
      if (verifyUrl === '') throw new HttpError(400, 'RPAVerifyUserURL is not configured');
      const { status, body } = await call('verify', {
        method: 'POST',
        url: verifyUrl,
        headers: {
          ...headers,
          'content-type': 'application/json',
          ...(baseUrl === undefined ? {} : { 'rps-base-url': baseUrl }),
        },
        body: JSON.stringify(request),
      });
      if (isClientError(status)) throw new HttpError(status, 'The relying party refuses');
      const said = body.length === 0 ? {} : parseJsonObject(body);
      if (status !== 200 || said === undefined) {
        log.error({ call: 'verify', status }, 'the RPA gave no usable answer');
        throw new HttpError(500, 'The relying party gave no usable answer');
      }
      return booleanField(said, 'forceActivate') ?? false;
    },

    async permitUser(mpinId) {
      if (permitUrl === '') return 200;
      const url = new URL(permitUrl);
      url.searchParams.set('mpin_id', mpinId);
      const { status } = await call('permit', { method: 'GET', url });
      const refuses = options.permitStatusOfRPA ? isClientError(status) : REFUSALS.has(status);
      if (status === 200 || refuses) return status;
      log.error({ call: 'permit', status }, 'the RPA gave no usable answer');
      throw new HttpError(500, 'The relying party gave no usable answer');
    },
  };
}
