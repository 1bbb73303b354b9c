/** In-test stand-ins for the RPS's neighbours: both trusted authorities and the RPA. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  addG1,
  clientSecretShare,
  hashId,
  randomSecret,
  serverSecretShare,
  timePermitShare,
} from '../../src/crypto/index.js';
import { type Clock, dayOf, isoSeconds, parseIsoSeconds } from '../../src/protocol/clock.js';
import { signClientSecret, signService, signTimePermit } from '../../src/protocol/signature.js';

export const APP_ID = 'a1b2c3';
export const APP_KEY = 'super secret';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

interface Reply {
  readonly status: number;
  readonly body: string;
}

const json = (status: number, body: unknown): Reply => ({ status, body: JSON.stringify(body) });

async function listen(
  handle: (request: IncomingMessage, url: URL) => Promise<Reply> | Reply,
): Promise<{ server: Server; address: string }> {
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    void Promise.resolve(handle(request, url)).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

/** Both authorities in one server: the local one at `/`, the hosted one below `/api/`. */
export class Authorities {
  /** Replies by path instead of the right ones. */
  readonly faults = new Map<string, Reply>();
  /** Paths with queries, in the order they were asked for. */
  readonly asked: string[] = [];
  address = '';
  readonly #local = randomSecret();
  readonly #hosted = randomSecret();
  readonly #clock: Clock;
  #server: Server | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async start(): Promise<void> {
    const { server, address } = await listen((_, url) => this.#answer(url));
    this.#server = server;
    this.address = address;
  }

  async stop(): Promise<void> {
    if (this.#server !== undefined) await close(this.#server);
  }

  askedFor(path: string): string[] {
    return this.asked.filter((asked) => asked.startsWith(`${path}?`));
  }

  /** The hosted share of a client secret, as the client fetches it. */
  hostedClientSecret(mpinId: string): Uint8Array {
    return clientSecretShare(this.#hosted, hashId(Buffer.from(mpinId, 'hex')));
  }

  /** The whole client secret of any identity, as if it had been registered. */
  clientSecret(mpinId: string): Uint8Array {
    const hash = hashId(Buffer.from(mpinId, 'hex'));
    return addG1(clientSecretShare(this.#local, hash), clientSecretShare(this.#hosted, hash));
  }

  /** The hosted share of the server secret, in hex. */
  hostedServerSecret(): string {
    return hex(serverSecretShare(this.#hosted));
  }

  /** The whole time permit of a day. */
  timePermit(mpinId: string, day: number): Uint8Array {
    const hash = hashId(Buffer.from(mpinId, 'hex'));
    return addG1(timePermitShare(this.#local, hash, day), timePermitShare(this.#hosted, hash, day));
  }

  hostedTimePermit(mpinId: string, day: number): Uint8Array {
    return timePermitShare(this.#hosted, hashId(Buffer.from(mpinId, 'hex')), day);
  }

  #answer(url: URL): Reply {
    this.asked.push(url.pathname + url.search);
    const fault = this.faults.get(url.pathname);
    if (fault !== undefined) return fault;
    const field = (name: string) => url.searchParams.get(name) ?? '';
    const [appId, expires, hashMpinId] = ['app_id', 'expires', 'hash_mpin_id'].map(field) as [
      string,
      string,
      string,
    ];
    const master = url.pathname.startsWith('/api/') ? this.#hosted : this.#local;
    const path = url.pathname.replace(/^\/api/, '');
    const signed = {
      '/serverSecret': () => signService(APP_KEY, 'serverSecret', { appId, expires }),
      '/apiSettings': () => signService(APP_KEY, 'apiSettings', { appId, expires }),
      '/clientSecret': () => signClientSecret(APP_KEY, { appId, expires, hashMpinId }),
      '/timePermits': () => signTimePermit(APP_KEY, hashMpinId),
    }[path];
    if (path === '/time') return json(200, { Time: isoSeconds(this.#clock.now()) });
    if (signed?.() !== field('signature')) return json(401, { message: 'Invalid signature' });
    if (path !== '/timePermits') {
      const left = (parseIsoSeconds(expires) ?? 0) - this.#clock.now();
      if (left <= 0 || left > 61_000) return json(408, { message: 'Request expired' });
    }
    if (path === '/serverSecret') {
      return json(200, { serverSecret: hex(serverSecretShare(master)), message: 'OK' });
    }
    if (path === '/apiSettings') {
      return json(200, { timePermitsStorageURL: `${this.address}/permits/` });
    }
    const hash = Buffer.from(hashMpinId, 'hex');
    if (path === '/clientSecret') {
      return json(200, { clientSecret: hex(clientSecretShare(master, hash)) });
    }
    const today = dayOf(this.#clock.now());
    const days = Array.from({ length: Number(field('count')) }, (_, index) => today + index);
    const permits = days.map((day) => [day, hex(timePermitShare(master, hash, day))]);
    return json(200, { timePermits: Object.fromEntries(permits) });
  }
}

export interface VerifyCall {
  readonly body: Record<string, unknown>;
  readonly headers: IncomingMessage['headers'];
}

/** The relying party's callbacks. */
export class FakeRpa {
  readonly verifyCalls: VerifyCall[] = [];
  readonly permitQueries: string[] = [];
  /** What verify does; by default it activates at once. */
  onVerify: (call: VerifyCall) => Reply | Promise<Reply> = () => json(200, { forceActivate: true });
  permitStatus = 200;
  address = '';
  #server: Server | undefined;

  async start(): Promise<void> {
    const { server, address } = await listen((request, url) => this.#answer(request, url));
    this.#server = server;
    this.address = address;
  }

  async stop(): Promise<void> {
    if (this.#server !== undefined) await close(this.#server);
  }

  async #answer(request: IncomingMessage, url: URL): Promise<Reply> {
    if (url.pathname === '/permit') {
      this.permitQueries.push(url.search);
      return json(this.permitStatus, {});
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
    const call = { body, headers: request.headers };
    this.verifyCalls.push(call);
    return this.onVerify(call);
  }
}
