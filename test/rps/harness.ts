/** A running RPS among stand-ins, and people who register and log in with the real cryptography. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import type { Test } from 'tap';
import { type Dispatcher, request } from 'undici';
import { loadOptions } from '../../src/config/load.js';
import { type RpsOptions, rpsOptions } from '../../src/config/rps.js';
import { addG1, clientPass1, clientPass2, extractPin } from '../../src/crypto/index.js';
import type { RunningRole } from '../../src/ops/role.js';
import { type Clock, dayOf, systemClock } from '../../src/protocol/clock.js';
import { startRps } from '../../src/rps/rps.js';
import type { Store } from '../../src/store/store.js';
import { APP_ID, APP_KEY, Authorities, FakeRpa } from './neighbours.js';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as a JSON object; empty when it is none. */
  readonly json: Record<string, unknown>;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
  /** Address of another service than the world's own RPS. */
  readonly at?: string;
  readonly signal?: AbortSignal;
}

/** A clock that tests can move. */
export class MovableClock implements Clock {
  readonly #system = systemClock();
  #offsetMs = 0;

  now(): number {
    return this.#system.now() + this.#offsetMs;
  }

  pass(ms: number): void {
    this.#offsetMs += ms;
  }

  /** Moves on to the next moment that lies `msOfDay` after a midnight UTC. */
  moveTo(msOfDay: number): void {
    const today = dayOf(this.now()) * 86_400_000 + msOfDay;
    this.pass((today > this.now() ? today : today + 86_400_000) - this.now());
  }
}

export class World {
  readonly clock = new MovableClock();
  readonly authorities = new Authorities(this.clock);
  readonly rpa = new FakeRpa();
  /** Of the RPS; to be replaced before its start by whoever wants to read it. */
  log: Logger = pino({ level: 'silent' });
  rps!: RunningRole;
  /** What the RPS keeps its state in; one of its own where this is undefined. */
  store: Store | undefined;
  #folder = '';
  #options: RpsOptions | undefined;

  async start(more: Partial<RpsOptions>, ready: boolean): Promise<void> {
    await Promise.all([this.authorities.start(), this.rpa.start()]);
    this.#folder = await mkdtemp(join(tmpdir(), 'mpin-rps-'));
    const credentialsFile = join(this.#folder, 'credentials.json');
    const apiUrl = `${this.authorities.address}/api/`;
    await writeFile(
      credentialsFile,
      JSON.stringify({ app_id: APP_ID, app_key: APP_KEY, api_url: apiUrl }),
    );
    const options: RpsOptions = {
      ...loadOptions(rpsOptions, { env: {}, flags: {} }),
      port: 0,
      credentialsFile,
      cryptoThreads: 1,
      DTALocalURL: this.authorities.address,
      rpsBaseURL: 'https://login.example.com/',
      RPAVerifyUserURL: `${this.rpa.address}/verify`,
      RPAPermitUserURL: `${this.rpa.address}/permit`,
      RPAAuthenticateUserURL: 'https://login.example.com/mpinAuthenticate',
      trustedProxies: ['127.0.0.1'],
      ...more,
    };
    this.#options = options;
    await this.restart();
    if (ready) await this.rps.ready;
  }

  /** Starts the RPS, again or for the first time; with other options for this time. */
  async restart(more: Partial<RpsOptions> = {}): Promise<void> {
    this.rps = await startRps({ ...this.options, ...more }, this.context, this.store);
  }

  /** The options of the RPS. */
  get options(): RpsOptions {
    if (this.#options === undefined) throw new Error('the world was not started');
    return this.#options;
  }

  get context() {
    return { log: this.log, clock: this.clock };
  }

  async stop(): Promise<void> {
    await this.rps.stop();
    await Promise.all([this.authorities.stop(), this.rpa.stop()]);
    await rm(this.#folder, { recursive: true });
  }

  async ask(path: string, asked: Ask = {}): Promise<Reply> {
    const { method = 'GET', headers = {}, body, at = this.rps.address, signal } = asked;
    // Not fetch, which would not send another Host.
    const reply = await request(at + path, {
      method: method as Dispatcher.HttpMethod,
      headers,
      ...(signal === undefined ? {} : { signal }),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : toJson(body) }),
    });
    const text = await reply.body.text();
    const replyHeaders = new Headers(reply.headers as Record<string, string>);
    return { status: reply.statusCode, headers: replyHeaders, text, json: objectOf(text) };
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Reply> {
    return this.ask(path, { method: 'POST', body, headers });
  }

  register(body: unknown, mpinId?: string, headers: Record<string, string> = {}): Promise<Reply> {
    const path = mpinId === undefined ? '/rps/user' : `/rps/user/${mpinId}`;
    return this.ask(path, { method: 'PUT', body, headers });
  }

  authenticate(authOTT: unknown): Promise<Reply> {
    return this.post('/authenticate', { authOTT });
  }

  /** Has the workers start, which on a busy machine takes longer than a challenge lives. */
  async warmUp(person: Person): Promise<void> {
    while ((await person.login()) !== 200);
  }

  /** A person with a token for this PIN. */
  async person(userId: string, pin = 1234): Promise<Person> {
    const { mpinId, regOTT } = (await this.register({ userId })).json as Record<string, string>;
    const signed = await this.ask(`/rps/signature/${mpinId}?regOTT=${regOTT}`);
    const local = Buffer.from(`${signed.json['clientSecretShare']}`, 'hex');
    const secret = addG1(local, this.authorities.hostedClientSecret(`${mpinId}`));
    const id = Buffer.from(`${mpinId}`, 'hex');
    const token = extractPin(id, pin, secret);
    return new Person(this, { userId, mpinId: `${mpinId}`, regOTT: `${regOTT}`, token, pin });
  }

  /** A person with an identity that another server gave out, under any name. */
  foreigner(userID: string, pin = 1234): Person {
    const id = Buffer.from(JSON.stringify({ mobile: 1, issued: '2016-10-11', userID, salt: '00' }));
    const mpinId = toHex(id);
    const token = extractPin(id, pin, this.authorities.clientSecret(mpinId));
    return new Person(this, { userId: userID, mpinId, regOTT: '', token, pin });
  }
}

/** What one pass 1 leaves with its client. */
export interface Begun {
  readonly y: string;
  readonly u: string;
  readonly ut: string;
  readonly v: string;
}

interface PersonParts {
  readonly userId: string;
  readonly mpinId: string;
  readonly regOTT: string;
  readonly token: Uint8Array;
  readonly pin: number;
}

export class Person {
  readonly userId: string;
  readonly mpinId: string;
  readonly regOTT: string;
  readonly pin: number;
  readonly #world: World;
  readonly #token: Uint8Array;

  constructor(world: World, kept: PersonParts) {
    this.#world = world;
    this.userId = kept.userId;
    this.mpinId = kept.mpinId;
    this.regOTT = kept.regOTT;
    this.pin = kept.pin;
    this.#token = kept.token;
  }

  /** U and UT, and the V for a y that comes later. `date` 0 is a login without permit. */
  commit(pin = this.pin, date = dayOf(this.#world.clock.now())) {
    const mpinId = Buffer.from(this.mpinId, 'hex');
    const permit =
      date === 0 ? {} : { date, timePermit: this.#world.authorities.timePermit(this.mpinId, date) };
    const { x, u, ut, sec } = clientPass1({ mpinId, pin, token: this.#token, ...permit });
    const prove = (y: string) => toHex(clientPass2({ x, y: Buffer.from(y, 'hex'), sec }));
    return { u: toHex(u), ut: ut === undefined ? '' : toHex(ut), prove };
  }

  /** Pass 1, and the V that answers it. */
  async begin(pin = this.pin, date?: number, from = '127.0.0.1'): Promise<Begun> {
    const { u, ut, prove } = this.commit(pin, date);
    const body = { mpin_id: this.mpinId, U: u, UT: ut, pass: 1 };
    const { json } = await this.#world.post('/rps/pass1', body, { 'x-forwarded-for': from });
    const y = `${json['y']}`;
    return { y, u, ut, v: prove(y) };
  }

  /** Both passes; what the second one says, which must be 200. */
  async dance(more: Record<string, unknown> = {}, pin = this.pin): Promise<Reply['json']> {
    const { v } = await this.begin(pin);
    const { status, text, json } = await this.finish(v, more);
    if (status !== 200) throw new Error(`pass 2 is ${status} ${text}`);
    return json;
  }

  finish(v: string, more: Record<string, unknown> = {}, from = '127.0.0.1'): Promise<Reply> {
    const body = { mpin_id: this.mpinId, V: v, WID: '0', OTP: 0, pass: 2, ...more };
    return this.#world.post('/rps/pass2', body, { 'x-forwarded-for': from });
  }

  /** A whole login; the status that the RPA gets. */
  async login(pin = this.pin, date?: number): Promise<number> {
    const { v } = await this.begin(pin, date);
    const { json } = await this.finish(v);
    return (await this.#world.authenticate(json['authOTT'])).status;
  }
}

/** A world for one test, stopped at its end. */
export async function startWorld(
  t: Test,
  more: Partial<RpsOptions> = {},
  ready = true,
  store?: Store,
): Promise<World> {
  const world = new World();
  world.store = store;
  await world.start(more, ready);
  t.teardown(() => world.stop());
  return world;
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function toJson(body: unknown): string {
  return JSON.stringify(body);
}

function objectOf(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
