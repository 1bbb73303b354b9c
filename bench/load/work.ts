/** What load processes do, and what they and their parent tell each other over IPC. */
import type { PreparedLogin } from './login.js';

/** Questions to a trusted authority. */
export type ShareKind = 'dta-client-secret' | 'dta-time-permits';

export type WorkKind = 'login-rest' | 'login-ws' | 'pass1-only' | 'register' | ShareKind;

export interface Work {
  readonly kind: WorkKind;
  /** Base of the public routes: `http://127.0.0.1:8011/rps`. */
  readonly apiUrl: string;
  /** Where a login is taken at its end: the RPS itself or a relying party. */
  readonly authenticateUrl: string;
  /** `rps` answers with the identity, which is then checked; `rpa` takes `mpinResponse`. */
  readonly authenticateAs: 'rps' | 'rpa';
  readonly logins: readonly PreparedLogin[];
  /** Every how many logins a PIN is wrong; 0 for none, 1 for all. */
  readonly wrongEvery: number;
  /** Who signs the questions to an authority. */
  readonly application?: { readonly appId: string; readonly appKey: string };
}

/** How much is asked for, by one process or in all. */
export type Pace =
  /** So many clients, each with its next login as soon as the last is done. */
  | { readonly kind: 'closed'; readonly connections: number }
  /** So many logins a second whatever becomes of them, on as many connections as it takes. */
  | { readonly kind: 'open'; readonly perSecond: number; readonly connections: number };

export type Command =
  /** `offset`: where in the list of logins this process begins. */
  | { readonly type: 'work'; readonly work: Work; readonly offset: number }
  | { readonly type: 'begin'; readonly pace: Pace }
  | { readonly type: 'collect' }
  | { readonly type: 'end' };

/** What happened since the last collection. */
export interface Tally {
  /** Right answers, to right and to wrong PINs. */
  readonly done: number;
  /** Answers 503. */
  readonly refused: number;
  /** Everything else: wrong answers and none. */
  readonly failed: number;
  /** Why, by how often. */
  readonly reasons: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Microseconds of those that are done, as text of an HDR histogram. */
  readonly latency: string;
  /** Microseconds from a refused request to its 503. */
  readonly refusals: string;
  /** Most logins that were due and had no connection free. */
  readonly waitingMax: number;
  /** Share of the time in which the process itself had no rest. */
  readonly busy: number;
}
