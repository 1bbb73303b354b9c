/** Puts the screens in order. */
import { ClientError } from '../../client/errors.js';
import type { BrowserClient } from '../sdk/browser-client.js';
import { type Destinations, type Face, type Flow, messageOf } from './flow.js';
import { type PadOptions, policyOf } from './options.js';
import { approveScreen, codeScreen, scanScreen, takeCode } from './screens/approve.js';
import { identitiesScreen, removeScreen } from './screens/identities.js';
import {
  doneScreen,
  loginScreen,
  otpLoginScreen,
  problemScreen,
  startOverScreen,
} from './screens/login.js';
import { phoneScreen } from './screens/phone.js';
import { addScreen, choosePinScreen, confirmScreen, pinIsSetScreen } from './screens/register.js';
import type { Texts } from './texts.js';

export interface FlowParts {
  readonly client: BrowserClient;
  readonly options: PadOptions;
  readonly texts: Texts;
  readonly face: Face;
  /** The code that a phone's camera has brought here. */
  readonly scanned: string | undefined;
}

/** Asks for the settings and shows the first screen, or the problem when there is one. */
export function startFlow({ client, options, texts, face, scanned }: FlowParts): Promise<void> {
  const go = {} as Destinations;
  const policy = policyOf(options);
  const flow: Flow = { ...face, client, options, texts, policy, code: undefined, go };
  Object.assign(go, registering(flow), loggingIn(flow), choosing(flow, scanned));
  return go.start();
}

type Part<Name extends keyof Destinations> = Pick<Destinations, Name>;

function choosing(
  flow: Flow,
  scanned: string | undefined,
): Part<'start' | 'identities' | 'remove' | 'problem'> {
  let wanted = scanned;
  const first = async (): Promise<void> => {
    flow.policy = policyOf(flow.options, await flow.client.connect());
    if (wanted !== undefined) await takeCode(flow, wanted);
    wanted = undefined;
    const [latest] = await flow.client.identities();
    if (latest === undefined) flow.go.add();
    else if (latest.state === 'pending') flow.go.confirm(latest.userId);
    else flow.go.login(latest.userId);
  };
  return {
    start: () =>
      first()
        .catch((error: unknown) => flow.go.problem(error))
        .finally(() => flow.progress(undefined)),
    identities: async () => {
      const all = await flow.client.identities();
      if (all.length === 0) flow.go.add();
      else flow.show(identitiesScreen(flow, all));
    },
    remove: (userId) => flow.show(removeScreen(flow, userId)),
    problem: (error, userId) => {
      const code = error instanceof ClientError ? error.code : undefined;
      if (userId !== undefined && (code === 'locked' || code === 'expired')) {
        flow.show(startOverScreen(flow, userId, code));
      } else {
        const offline = code === 'unreachable' && !navigator.onLine;
        flow.show(problemScreen(flow, { message: messageOf(flow, error), offline, userId }));
      }
    },
  };
}

function registering(flow: Flow): Part<'add' | 'confirm' | 'choosePin' | 'pinIsSet'> {
  return {
    add: (userId = '') => {
      void flow.client.identities().then((all) => {
        flow.show(addScreen(flow, userId, all.length > 0));
      });
    },
    confirm: (userId) => flow.show(confirmScreen(flow, userId)),
    choosePin: async (userId) => {
      const setup = await flow.client.confirmRegistration(userId);
      flow.show(choosePinScreen(flow, userId, setup));
    },
    pinIsSet: (userId) => flow.show(pinIsSetScreen(flow, userId)),
  };
}

function loggingIn(flow: Flow): Part<'login' | 'loggedIn' | 'phone' | 'code' | 'scan'> {
  return {
    login: (userId, notice) => {
      if (flow.options.mobile !== true) {
        const screen = flow.policy.requestOtp ? otpLoginScreen : loginScreen;
        flow.show(screen(flow, userId, notice));
      } else if (flow.code === undefined) flow.go.code(userId, notice);
      else flow.show(approveScreen(flow, userId, notice));
    },
    loggedIn: (userId, response, tookMs) => {
      flow.show(doneScreen(flow, userId, tookMs));
      flow.emit('mpin-login', { userId, response });
      const stay = flow.options.onSuccessLogin?.({ userId, response }) === false;
      const { successLoginUrl } = flow.policy;
      if (!stay && successLoginUrl !== undefined) location.assign(successLoginUrl);
    },
    phone: () => flow.show(phoneScreen(flow)),
    code: (userId, notice) => flow.show(codeScreen(flow, userId, notice)),
    scan: (userId) => flow.show(scanScreen(flow, userId)),
  };
}
