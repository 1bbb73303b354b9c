/** The client in a browser: the state machine of src/client with a browser's parts. */
import { isAccessNumber } from '../../client/access-number.js';
import {
  type AppDetails,
  type ApproveRequest,
  announceScan,
  announceUser,
  approve,
  logoutRemotely,
  type RemoteLogout,
} from '../../client/approve.js';
import { type LoginRequest, login } from '../../client/login.js';
import { type OneTimePassword, requestOtp } from '../../client/otp.js';
import { type Connected, connect, type Step } from '../../client/parts.js';
import {
  completePhoneLogin,
  type PhoneCode,
  type PhoneState,
  phoneState,
  requestAccessNumber,
  requestQrCode,
} from '../../client/phone-login.js';
import {
  confirmRegistration,
  type PinSetup,
  type StartRequest,
  startRegistration,
} from '../../client/register.js';
import type { Fields, Settings } from '../../client/settings.js';
import { fetchTransport } from '../../client/transport.js';
import { workerCrypto } from '../crypto/worker-crypto.js';
import { beside } from '../script-url.js';
import { browserStorage, type IdentitySummary } from './browser-storage.js';
import { observedTransport, type WireListener } from './wire.js';

export interface BrowserClientOptions {
  /** Origin of the relying party; that of the page when absent. */
  readonly baseUrl?: string;
  /** Where the settings are, relative to `baseUrl`; `/rps/clientSettings` when absent. */
  readonly clientSettingsUrl?: string;
  /**
   * The worker's script, which must be of the page's own origin; `mpin-worker.js` beside this
   * script when absent.
   */
  readonly workerUrl?: string | URL;
  /** Sent with every request to the relying party, and to nobody else. */
  readonly customHeaders?: Readonly<Record<string, string>>;
  /** This is a phone: its identities log in browsers elsewhere. */
  readonly mobile?: boolean;
  readonly storageName?: string;
  readonly onStep?: (step: Step) => void;
  readonly onWire?: WireListener;
  readonly registerRequestFormatter?: (body: Fields) => Fields;
  readonly authenticateRequestFormatter?: (body: Fields) => Fields;
}

type PinRequest = Pick<LoginRequest, 'userId' | 'pin'>;

/** Every call throws ClientError with a code and a sentence. */
export interface BrowserClient {
  /** Fetches the server's settings; again, if they are there already. */
  connect(): Promise<Settings>;
  /** Identities in this browser, the last used first. */
  identities(): Promise<IdentitySummary[]>;
  removeIdentity(userId: string): Promise<void>;
  /** Asks for a new identity, or for its confirmation to be sent once more. */
  startRegistration(request: StartRequest): Promise<void>;
  /** Throws `not-activated` until the person has confirmed. */
  confirmRegistration(userId: string): Promise<PinSetup>;
  login(request: PinRequest): Promise<Fields>;
  requestOtp(request: PinRequest): Promise<OneTimePassword>;
  requestAccessNumber(): Promise<PhoneCode>;
  requestQrCode(prerollid?: string): Promise<PhoneCode>;
  phoneState(code: PhoneCode): Promise<PhoneState>;
  completePhoneLogin(authOTT: string): Promise<Fields>;
  /** True when the settings allow this access number; false for a typing mistake. */
  isAccessNumber(text: string): Promise<boolean>;
  announceScan(wid: string): Promise<AppDetails>;
  announceUser(wid: string, userId: string): Promise<void>;
  approve(request: Omit<ApproveRequest, 'webSocket'>): Promise<RemoteLogout | undefined>;
  logoutRemotely(logout: RemoteLogout): Promise<void>;
}

/** Puts a client together and starts its worker. Nothing is asked of the server yet. */
export function createBrowserClient(options: BrowserClientOptions): BrowserClient {
  const storage = browserStorage(options.storageName);
  const parts = partsOf(options, storage);
  const { baseUrl } = parts;
  let connected: Promise<Connected> | undefined;
  const on = (): Promise<Connected> => {
    connected ??= connect(parts).catch((error: unknown) => {
      connected = undefined;
      throw error;
    });
    return connected;
  };
  /** Most recently used comes first in lists, so a success is remembered. */
  const used = async <T>(userId: string, work: Promise<T>): Promise<T> => {
    const result = await work;
    await storage.touch({ baseUrl, userId });
    return result;
  };
  const dancing = <T extends PinRequest>(request: T) =>
    ({ ...request, webSocket: 'advertised' }) as const;
  return {
    connect: async () => {
      connected = undefined;
      return (await on()).settings;
    },
    identities: () => storage.list(baseUrl),
    removeIdentity: (userId) => storage.remove({ baseUrl, userId }),
    startRegistration: async (request) => startRegistration(await on(), request),
    confirmRegistration: async (userId) => confirmRegistration(await on(), userId),
    login: async (request) => used(request.userId, login(await on(), dancing(request))),
    requestOtp: async (request) => used(request.userId, requestOtp(await on(), dancing(request))),
    requestAccessNumber: async () => requestAccessNumber(await on()),
    requestQrCode: async (prerollid) => requestQrCode(await on(), prerollid),
    phoneState: async (code) => phoneState(await on(), code),
    completePhoneLogin: async (authOTT) => completePhoneLogin(await on(), authOTT),
    isAccessNumber: async (text) => isAccessNumber(text, (await on()).settings.accessNumber),
    announceScan: async (wid) => announceScan(await on(), wid),
    announceUser: async (wid, userId) => announceUser(await on(), wid, userId),
    approve: async (request) => used(request.userId, approve(await on(), dancing(request))),
    logoutRemotely: async (logout) => logoutRemotely(await on(), logout),
  };
}

function partsOf(options: BrowserClientOptions, storage: ReturnType<typeof browserStorage>) {
  const { baseUrl = location.origin, customHeaders: headers, onWire, onStep } = options;
  const { registerRequestFormatter, authenticateRequestFormatter, clientSettingsUrl } = options;
  const custom = headers === undefined ? undefined : { headers, origin: new URL(baseUrl).origin };
  const plain = fetchTransport((url) => new WebSocket(url), custom);
  return {
    baseUrl,
    storage,
    mobile: options.mobile === true,
    transport: onWire === undefined ? plain : observedTransport(plain, onWire),
    crypto: workerCrypto({
      url: options.workerUrl ?? beside('mpin-worker.js'),
      onComputed: (operation, ms) => onWire?.({ kind: 'crypto', operation, ms }),
    }),
    ...(clientSettingsUrl === undefined ? {} : { settingsUrl: clientSettingsUrl }),
    ...(onStep === undefined ? {} : { onStep }),
    ...(registerRequestFormatter === undefined
      ? {}
      : { formatRegistration: registerRequestFormatter }),
    ...(authenticateRequestFormatter === undefined
      ? {}
      : { formatAuthentication: authenticateRequestFormatter }),
  };
}
