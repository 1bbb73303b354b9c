/** The way through the screens: what comes after what, and what a failure means for the person. */
import { ClientError } from '../../client/errors.js';
import type { Step } from '../../client/parts.js';
import type { BrowserClient } from '../sdk/browser-client.js';
import type { PadOptions, Policy } from './options.js';
import { fill, type Texts } from './texts.js';

/** One screen: what is seen, and what has the focus when the person comes to it. */
export interface Screen {
  /** For tests and style: a name of the screen. */
  readonly name: string;
  readonly content: readonly (Node | undefined)[];
  readonly focus?: HTMLElement;
  /** Called when another screen takes its place: stops timers. */
  readonly leave?: () => void;
}

/** What the element around the screens does for them. */
export interface Face {
  show(screen: Screen): void;
  /** Says something to those who cannot see it. */
  announce(text: string): void;
  emit(name: string, detail: object): void;
  /** What the current work is doing, below the screen; undefined ends it. */
  progress(step: Step | undefined): void;
  /** Milliseconds computed in the worker since the last call. */
  takeCryptoMs(): number;
}

/** What screens are given: the client, the words, and ways to go on. */
export interface Flow extends Face {
  readonly client: BrowserClient;
  readonly options: PadOptions;
  readonly texts: Texts;
  policy: Policy;
  /** Where this is a phone: the code of the screen that it logs in. */
  code: { readonly code: string; readonly app: string } | undefined;
  readonly go: Destinations;
}

/** Every screen by the reason to go there. */
export interface Destinations {
  start(): Promise<void>;
  identities(): Promise<void>;
  remove(userId: string): void;
  add(userId?: string): void;
  confirm(userId: string): void;
  choosePin(userId: string): Promise<void>;
  pinIsSet(userId: string): void;
  login(userId: string, notice?: string): void;
  loggedIn(userId: string, response: Readonly<Record<string, unknown>>, tookMs?: number): void;
  phone(): void;
  code(userId: string, notice?: string): void;
  scan(userId: string): void;
  problem(error: unknown, userId?: string): void;
}

export interface Work {
  run(): Promise<void>;
  /** True when the screen has said all there is to say of this failure. */
  failed?(error: ClientError): boolean | Promise<boolean>;
  /** Whose work it is: some failures make that identity begin anew. */
  readonly userId?: string;
}

/**
 * Does a screen's work: shows that it is under way, lets nobody start it twice, and brings a
 * failure that the screen has no words for to the screen of problems.
 */
export async function busy(flow: Flow, form: HTMLElement, work: Work): Promise<void> {
  if (form.getAttribute('aria-busy') === 'true') return;
  form.setAttribute('aria-busy', 'true');
  try {
    await work.run();
  } catch (error) {
    const known = error instanceof ClientError ? error : undefined;
    if (known !== undefined) {
      flow.options.onError?.(known);
      flow.emit('mpin-error', { code: known.code, message: known.message });
    }
    if (known !== undefined && (await work.failed?.(known)) === true) return;
    flow.go.problem(error, work.userId);
  } finally {
    form.removeAttribute('aria-busy');
    flow.progress(undefined);
  }
}

/** The words for a failure. */
export function messageOf({ texts }: Flow, error: unknown): string {
  return error instanceof ClientError ? texts.errors[error.code] : String(error);
}

/** Words with their values. */
export function say(
  { texts }: Flow,
  name: Exclude<keyof Texts, 'errors' | 'steps'>,
  values: Readonly<Record<string, string | number>> = {},
): string {
  return fill(texts[name], values);
}
