/** RPS, hosted side and relying party as a Transport: the client's network without a network. */
import type { Channel, Reply, Request, Transport } from '../../src/client/transport.js';
import {
  addG2,
  clientSecretShare,
  createVerifier,
  hashId,
  randomSecret,
  serverSecretShare,
  timePermitShare,
} from '../../src/crypto/index.js';

export const BASE = 'http://rp.example';
export const TODAY = 20_000;

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const bytesOf = (hex: unknown): Uint8Array => Uint8Array.from(Buffer.from(String(hex), 'hex'));

type Json = Record<string, unknown>;

/** Answers everything rightly; `override` answers in its place where it gives a reply. */
export class FakeSystem implements Transport {
  readonly asked: string[] = [];
  override: (request: Request, path: string) => Reply | undefined = () => undefined;
  settings: Json = {};
  today = TODAY;
  active = true;
  /** The permit storage publishes. */
  publishes = false;
  channels = 0;
  readonly #masters = [randomSecret(), randomSecret()] as const;
  readonly #verifier = createVerifier(
    addG2(serverSecretShare(this.#masters[0]), serverSecretShare(this.#masters[1])),
  );
  #issued = 0;
  #status = 0;
  #pass1: { mpinId: Uint8Array; u: Uint8Array; ut: Uint8Array; y: Uint8Array } | undefined;

  async request(request: Request): Promise<Reply> {
    const path = new URL(request.url).pathname;
    this.asked.push(`${request.method} ${path.split('/').slice(0, 3).join('/')}`);
    return this.override(request, path) ?? this.#answer(request, path);
  }

  async openChannel(url: string): Promise<Channel> {
    this.asked.push(`WS ${url}`);
    this.channels++;
    let reply: Json = {};
    return {
      send: (message) => {
        reply = message['pass'] === 1 ? this.#first(message) : this.#second(message);
      },
      receive: async () => JSON.stringify(reply),
      close: () => {
        this.channels--;
      },
    };
  }

  /** Names of what was asked for since the last call. */
  takeAsked(): string[] {
    return this.asked.splice(0);
  }

  #answer({ url, body = {} }: Request, path: string): Reply {
    const last = path.split('/').at(-1) ?? '';
    const hash = () => bytesOf(new URL(url).searchParams.get('hash_mpin_id'));
    switch (path.split('/').slice(1, 3).join('/')) {
      case 'rps/clientSettings':
        return ok({ ...SETTINGS, ...this.settings });
      case 'rps/user':
        return ok({ mpinId: hexOf(Buffer.from(`id ${++this.#issued}`)), regOTT: 'ab'.repeat(16) });
      case 'rps/signature': {
        if (!this.active) return { status: 401, text: '{}' };
        const id = hashId(bytesOf(last));
        const share = hexOf(clientSecretShare(this.#masters[0], id));
        return ok({ clientSecretShare: share, params: `hash_mpin_id=${hexOf(id)}` });
      }
      case 'rps/timePermit': {
        const id = hashId(bytesOf(last));
        const share = hexOf(timePermitShare(this.#masters[0], id, this.today));
        return ok({ date: this.today, timePermit: share, storageId: hexOf(id), signature: 's' });
      }
      case 'rps/pass1':
        return ok(this.#first(body));
      case 'rps/pass2':
        return ok(this.#second(body));
      case 'mpinAuthenticate':
        return { status: this.#status, text: '{"userId":"u"}' };
      case 'clientSecret':
        return ok({ clientSecret: hexOf(clientSecretShare(this.#masters[1], hash())) });
      case 'timePermit':
        return ok({ timePermit: hexOf(timePermitShare(this.#masters[1], hash(), this.today)) });
      case 'permits/app': {
        const share = hexOf(timePermitShare(this.#masters[1], bytesOf(last), this.today));
        return this.publishes ? { status: 200, text: share } : { status: 404, text: '{}' };
      }
      default:
        return ok({});
    }
  }

  #first(message: Json): Json {
    const y = randomSecret();
    const [mpinId, u, ut] = ['mpin_id', 'U', 'UT'].map((name) => bytesOf(message[name]));
    if (mpinId && u && ut) this.#pass1 = { mpinId, u, ut, y };
    return { y: hexOf(y), pass: 1 };
  }

  #second(message: Json): Json {
    const { mpinId, u, ut, y } = this.#pass1 ?? {};
    if (!mpinId || !u || !ut || !y) throw new Error('pass 2 before pass 1');
    const v = bytesOf(message['V']);
    const date = ut.length === 0 ? 0 : this.today;
    this.#status = this.#verifier.verify({ mpinId, date, u, ut, y, v }) === 0 ? 200 : 401;
    return { authOTT: 'cd'.repeat(16), pass: 2 };
  }
}

const ok = (body: Json): Reply => ({ status: 200, text: JSON.stringify(body) });

/** Relative and final-slash forms as deployed servers send them. */
const SETTINGS = {
  appID: 'app',
  registerURL: '/rps/user',
  signatureURL: `${BASE}/rps/signature`,
  setupDoneURL: '/rps/setupDone',
  timePermitsURL: '/rps/timePermit',
  timePermitsStorageURL: 'http://hosted.example/permits',
  certivoxURL: 'http://hosted.example/',
  mpinAuthServerURL: 'ws://rp.example/rps',
  authenticateURL: '/mpinAuthenticate',
};
