/** What an application can say to the pad: the old pad's options under their names, and ours. */
import type { ClientError } from '../../client/errors.js';
import type { Fields, Settings } from '../../client/settings.js';
import type { CustomTexts } from './texts.js';

export interface PadOptions {
  /** Where the settings are; `/rps/clientSettings` of the page's own origin when absent. */
  readonly clientSettingsURL?: string;
  /** Where to go after a login; stays on the page when absent here and in the settings. */
  readonly successLoginURL?: string;
  /** What a new identity must look like: source of a RegExp; overrides the settings. */
  readonly identityCheckRegex?: string;
  /** Ask for a name of the device; overrides the settings. */
  readonly setDeviceName?: boolean;
  /** Show a one-time password instead of logging in; overrides the settings. */
  readonly requestOTP?: boolean;
  /** Page of the mobile client, for the QR code; the server's own URL when absent. */
  readonly mobileAppFullURL?: string;
  /** Handed to the server with every QR code, and by it to the phone. */
  readonly prerollid?: string;
  /** Sent with every request to the application, and to nobody else. */
  readonly customHeaders?: Readonly<Record<string, string>>;
  /** Last word on the registration, e.g. to add `userData` for the application. */
  readonly registerRequestFormatter?: (body: Fields) => Fields;
  /** Last word on what the application gets after the proof. */
  readonly authenticateRequestFormatter?: (body: Fields) => Fields;
  /** A PIN was set. */
  readonly onSuccessSetup?: (data: { userId: string }) => void;
  /** Logged in; `response` is what the application answered. Return false to stay on the page. */
  readonly onSuccessLogin?: (data: { userId: string; response: Fields }) => unknown;
  readonly onError?: (error: ClientError) => void;
  readonly customLanguageTexts?: CustomTexts;
  /** Wrong PINs in a row that lock, where the settings do not say it; 0 to show no count. */
  readonly maxAttempts?: number;
  /** Where the worker's script is; beside the pad's own script when absent. */
  readonly workerURL?: string;
  /** This is a phone that logs in other screens. */
  readonly mobile?: boolean;
}

type Kind = 'text' | 'flag' | 'number';

/** Options that can also stand in the element's attributes. */
const ATTRIBUTES: Readonly<Record<string, readonly [keyof PadOptions, Kind]>> = {
  'client-settings-url': ['clientSettingsURL', 'text'],
  'success-login-url': ['successLoginURL', 'text'],
  'identity-check-regex': ['identityCheckRegex', 'text'],
  'mobile-app-full-url': ['mobileAppFullURL', 'text'],
  prerollid: ['prerollid', 'text'],
  'worker-url': ['workerURL', 'text'],
  'set-device-name': ['setDeviceName', 'flag'],
  'request-otp': ['requestOTP', 'flag'],
  mobile: ['mobile', 'flag'],
  'max-attempts': ['maxAttempts', 'number'],
};

export function optionsFromAttributes(element: Element): PadOptions {
  const options: Record<string, unknown> = {};
  for (const [attribute, [name, kind]] of Object.entries(ATTRIBUTES)) {
    const value = element.getAttribute(attribute);
    if (value === null) continue;
    if (kind === 'flag') options[name] = value !== 'false';
    else options[name] = kind === 'number' ? Number(value) : value;
  }
  return options;
}

/** Options of the page where it has an opinion, otherwise what the server says. */
export function policyOf(options: PadOptions, settings?: Settings) {
  return {
    identityForm: identityForm(options.identityCheckRegex ?? settings?.identityCheckRegex),
    setDeviceName: options.setDeviceName ?? settings?.setDeviceName ?? false,
    requestOtp: options.requestOTP ?? settings?.requestOtp ?? false,
    successLoginUrl: options.successLoginURL ?? settings?.successLoginUrl,
    byPhone: options.mobile !== true && settings?.accessNumberUrl !== undefined,
    // Better no count than a wrong one.
    maxAttempts: options.maxAttempts ?? settings?.maxAttempts ?? 0,
  };
}

export type Policy = ReturnType<typeof policyOf>;

/** An expression that is none lets every name through: the server has the last word anyway. */
function identityForm(source: string | undefined): RegExp {
  try {
    return new RegExp(source ?? '\\S');
  } catch {
    return /\S/;
  }
}
