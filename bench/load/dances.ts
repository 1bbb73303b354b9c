/**
 * One client at a time: what it sends, and whether the answers were right. A right PIN must end in
 * 200 and in the identity that was proven, a wrong one in 401; anything else has failed.
 */
import { clientPass2 } from '../../src/crypto/index.js';
import { randomToken } from '../../src/protocol/tokens.js';
import { HttpConnection, type Reply } from './http-connection.js';
import { type PreparedLogin, wrongSecOf } from './login.js';
import { ShareQueries } from './share-queries.js';
import { requestText, type Target, targetOf } from './target.js';
import type { Work } from './work.js';
import { UpgradeRefused, WsConnection } from './ws-connection.js';

/** `refusedMs` is how long the 503 took that ended it; undefined when all went right. */
export type End = { readonly refusedMs: number } | undefined;

/** A client with its connections; one run at a time. */
export interface Client {
  /** Rejects with an Error that says in a few words what was wrong. */
  run(login: PreparedLogin, wrongPin: boolean): Promise<End>;
  close(): void;
}

export function createClient(work: Work): Client {
  switch (work.kind) {
    case 'login-rest':
      return new RestLogin(work);
    case 'login-ws':
      return new WsLogin(work);
    case 'pass1-only':
      return new Pass1Only(work);
    case 'register':
      return new Registration(work);
    case 'dta-client-secret':
    case 'dta-time-permits':
      return new ShareQueries(work, work.kind);
  }
}

/** The server said 503: it has more to do than it can. */
class Refused extends Error {
  readonly ms: number;

  constructor(ms: number) {
    super('refused');
    this.ms = ms;
  }
}

type Fields = Readonly<Record<string, unknown>>;

/** The parts of a URL that requests need. */
class Place {
  readonly target: Target;
  readonly path: string;

  constructor(url: string) {
    this.target = targetOf(url);
    this.path = new URL(url).pathname.replace(/\/$/, '');
  }

  request(method: 'GET' | 'POST' | 'PUT', path: string, body?: string): string {
    return requestText(this.target, method, this.path + path, body);
  }
}

abstract class Base implements Client {
  readonly work: Work;
  readonly api: Place;
  readonly connection: HttpConnection;

  constructor(work: Work) {
    this.work = work;
    this.api = new Place(work.apiUrl);
    this.connection = new HttpConnection(this.api.target);
  }

  async run(login: PreparedLogin, wrongPin: boolean): Promise<End> {
    try {
      await this.steps(login, wrongPin);
      return undefined;
    } catch (error) {
      if (error instanceof Refused) return { refusedMs: error.ms };
      throw error;
    }
  }

  abstract steps(login: PreparedLogin, wrongPin: boolean): Promise<void>;

  close(): void {
    this.connection.close();
  }
}

/** The fields of a 200; throws Refused for a 503. */
async function ask(connection: HttpConnection, name: string, request: string): Promise<Fields> {
  const { status, body } = await askAny(connection, request);
  if (status !== 200) throw new Error(`${name}: status ${status}`);
  return JSON.parse(body) as Fields;
}

async function askAny(connection: HttpConnection, request: string): Promise<Reply> {
  const start = performance.now();
  const reply = await connection.request(request);
  if (reply.status === 503) throw new Refused(performance.now() - start);
  return reply;
}

class Pass1Only extends Base {
  async steps({ pass1 }: PreparedLogin): Promise<void> {
    challengeOf(await ask(this.connection, 'pass1', this.api.request('POST', '/pass1', pass1)));
  }
}

/** What both ways to log in have in common: the proof, and the end at the relying party. */
abstract class Login extends Base {
  readonly #end: Place;
  readonly #endConnection: HttpConnection;

  constructor(work: Work) {
    super(work);
    this.#end = new Place(work.authenticateUrl);
    const same = this.#end.target.authority === this.api.target.authority;
    this.#endConnection = same ? this.connection : new HttpConnection(this.#end.target);
  }

  override close(): void {
    super.close();
    this.#endConnection.close();
  }

  pass2(login: PreparedLogin, wrongPin: boolean, reply: Fields, more = ''): string {
    const sec = wrongPin ? wrongSec(login) : login.sec;
    const v = clientPass2({ x: login.x, y: challengeOf(reply), sec });
    return `{"V":"${Buffer.from(v).toString('hex')}","OTP":0,"WID":"0","pass":2${more}}`;
  }

  async authenticate(login: PreparedLogin, wrongPin: boolean, pass2: Fields): Promise<void> {
    const { authOTT } = pass2;
    if (typeof authOTT !== 'string') throw new Error('pass2: no authOTT');
    const toRpa = this.work.authenticateAs === 'rpa';
    const body = toRpa ? { mpinResponse: { authOTT, version: '0.3', pass: 2 } } : { authOTT };
    const request = this.#end.request('POST', '', JSON.stringify(body));
    const reply = await askAny(this.#endConnection, request);
    const wanted = wrongPin ? 401 : 200;
    if (reply.status !== wanted) {
      throw new Error(`authenticate: status ${reply.status} instead of ${wanted}`);
    }
    if (!toRpa && (JSON.parse(reply.body) as Fields)['mpinId'] !== login.mpinId) {
      throw new Error('authenticate: another identity');
    }
  }
}

class RestLogin extends Login {
  async steps(login: PreparedLogin, wrongPin: boolean): Promise<void> {
    const { connection, api } = this;
    const first = await ask(connection, 'pass1', api.request('POST', '/pass1', login.pass1));
    const body = this.pass2(login, wrongPin, first, `,"mpin_id":"${login.mpinId}"`);
    const second = await ask(connection, 'pass2', api.request('POST', '/pass2', body));
    await this.authenticate(login, wrongPin, second);
  }
}

/** A connection of its own for each dance, as pads have it. */
class WsLogin extends Login {
  async steps(login: PreparedLogin, wrongPin: boolean): Promise<void> {
    const { target, path } = this.api;
    const start = performance.now();
    const socket = new WsConnection(target);
    try {
      await socket.open(target, `${path}/authenticationToken`);
      const first = messageOf(await socket.exchange(login.pass1), 1);
      const second = messageOf(await socket.exchange(this.pass2(login, wrongPin, first)), 2);
      await Promise.all([socket.close(), this.authenticate(login, wrongPin, second)]);
    } catch (error) {
      socket.destroy();
      if (error instanceof UpgradeRefused && error.status === 503) {
        throw new Refused(performance.now() - start);
      }
      throw error;
    }
  }
}

/** Registration as the RPS sees it: a new user, the signed share, the end of the setup. */
class Registration extends Base {
  async steps(): Promise<void> {
    const { connection, api } = this;
    const put = JSON.stringify({ userId: `bench-${randomToken()}@example.com`, mobile: 0 });
    const user = await ask(connection, 'user', api.request('PUT', '/user', put));
    if (user['active'] !== true) throw new Error('user: not active');
    const mpinId = String(user['mpinId']);
    const query = `/signature/${mpinId}?regOTT=${user['regOTT']}`;
    const signed = await ask(connection, 'signature', api.request('GET', query));
    if (!/^04[0-9a-f]{128}$/.test(String(signed['clientSecretShare']))) {
      throw new Error('signature: no share');
    }
    await ask(connection, 'setupDone', api.request('POST', `/setupDone/${mpinId}`, '{}'));
  }
}

/** Made once an identity, when it is first needed: few scenarios do. */
const wrongSecs = new WeakMap<PreparedLogin, Uint8Array>();

function wrongSec(login: PreparedLogin): Uint8Array {
  let sec = wrongSecs.get(login);
  if (sec === undefined) {
    sec = wrongSecOf(login);
    wrongSecs.set(login, sec);
  }
  return sec;
}

function messageOf(text: string, pass: number): Fields {
  const fields = JSON.parse(text) as Fields;
  if (fields['pass'] === pass) return fields;
  // The only overload a socket can tell of once it is open (rps/dance-socket.ts).
  if (/busy/i.test(String(fields['message']))) throw new Refused(0);
  throw new Error(`pass${pass}: the server ended the dance`);
}

function challengeOf({ y }: Fields): Uint8Array {
  if (typeof y !== 'string' || y.length !== 64) throw new Error('pass1: no y');
  return Buffer.from(y, 'hex');
}
