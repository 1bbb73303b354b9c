/** One client of a trusted authority: signed questions for shares, as an RPS asks them. */
import { isoSeconds, systemClock } from '../../src/protocol/clock.js';
import { hashMpinId } from '../../src/protocol/mpin-id.js';
import {
  SIGNATURE_LIFE_MS,
  signClientSecret,
  signTimePermit,
} from '../../src/protocol/signature.js';
import type { Client, End } from './dances.js';
import { HttpConnection } from './http-connection.js';
import type { PreparedLogin } from './login.js';
import { requestText, type Target, targetOf } from './target.js';
import type { ShareKind, Work } from './work.js';

/** Days of permits that an RPS asks for at most. */
export const PERMIT_DAYS = 13;
const SHARE = /"04[0-9a-f]{128}"/g;

export class ShareQueries implements Client {
  readonly #target: Target;
  readonly #connection: HttpConnection;
  readonly #application: NonNullable<Work['application']>;
  readonly #kind: ShareKind;
  readonly #clock = systemClock();

  constructor(work: Work, kind: ShareKind) {
    if (work.application === undefined) throw new Error('nobody signs the questions');
    this.#application = work.application;
    this.#kind = kind;
    this.#target = targetOf(work.apiUrl);
    this.#connection = new HttpConnection(this.#target);
  }

  async run({ mpinId }: PreparedLogin): Promise<End> {
    const start = performance.now();
    const { path, shares } = this.#question(hashMpinId(mpinId).toString('hex'));
    const reply = await this.#connection.request(requestText(this.#target, 'GET', path));
    if (reply.status === 503) return { refusedMs: performance.now() - start };
    if (reply.status !== 200) throw new Error(`${this.#kind}: status ${reply.status}`);
    const given = reply.body.match(SHARE)?.length ?? 0;
    if (given !== shares) throw new Error(`${this.#kind}: ${given} shares`);
    return undefined;
  }

  close(): void {
    this.#connection.close();
  }

  #question(hash: string): { readonly path: string; readonly shares: number } {
    const { appId, appKey } = this.#application;
    if (this.#kind === 'dta-time-permits') {
      const query = `hash_mpin_id=${hash}&signature=${signTimePermit(appKey, hash)}`;
      return { path: `/timePermits?${query}&count=${PERMIT_DAYS}`, shares: PERMIT_DAYS };
    }
    const expires = isoSeconds(this.#clock.now() + SIGNATURE_LIFE_MS);
    const signature = signClientSecret(appKey, { appId, hashMpinId: hash, expires });
    const query = `app_id=${appId}&expires=${encodeURIComponent(expires)}&hash_mpin_id=${hash}`;
    const more = `&hash_user_id=&mobile=0&signature=${signature}`;
    return { path: `/clientSecret?${query}${more}`, shares: 1 };
  }
}
