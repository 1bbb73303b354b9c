import type { Logger } from 'pino';
import type { RpsOptions } from '../config/rps.js';
import type { Audit } from '../ops/audit.js';
import type { Clock } from '../protocol/clock.js';
import type { Settlement, Store } from '../store/store.js';
import type { LoginAdmission } from './admission.js';
import type { AuthorityClient } from './authority.js';
import type { LiveCredentials } from './live-credentials.js';
import type { PinErrorSearch } from './pin-errors.js';
import type { RpaCallbacks } from './rpa-callbacks.js';
import type { PublicUrls } from './urls.js';
import type { Conclude } from './verdict.js';
import type { LoginVerifier } from './verifiers.js';

/** What the routes draw on; each group names the few it needs. */
export interface RpsParts {
  readonly options: RpsOptions;
  /** Read when they are needed, as they may change. */
  readonly credentials: Pick<LiveCredentials, 'appId' | 'appKey' | 'appKeys' | 'apiUrl'>;
  readonly urls: PublicUrls;
  readonly clock: Clock;
  readonly log: Logger;
  readonly store: Store;
  readonly authority: Pick<AuthorityClient, 'clientSecretShare' | 'timePermits' | 'apiSettings'>;
  readonly rpa: RpaCallbacks;
  /** Writes down what happened to an identity. */
  readonly audit: Audit;
  /** Throws a 503 (HttpError) as long as there is no server secret. */
  readonly verifier: () => LoginVerifier;
  /** By how much PINs are wrong; undefined, or answering that, where nobody asks for it. */
  readonly pinErrors?: (() => PinErrorSearch | undefined) | undefined;
  /** What becomes of a pass 2; by default it is counted and kept here. */
  readonly conclude?: Conclude | undefined;
  /** Who may go on when there is more to do than can be done. */
  readonly admission: LoginAdmission;
  /** Told what became of each pass 2 that was decided, where it came from and whose it was. */
  readonly onLogin?: ((outcome: Settlement, peer: string, mpinId: string) => void) | undefined;
  /** Where clients may read time permits; undefined until the hosted side has told. */
  readonly permitsStorageURL: () => string | undefined;
}
