/**
 * A client of the documents that shares nothing with this project: its cryptography is
 * milagro-crypto-js, its network is fetch and a plain WebSocket, its knowledge is the contract.
 */
import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { WebSocket } from 'ws';

type Octets = number[];

interface Mpin {
  RECOMBINE_G1(a: Octets, b: Octets, out: Octets): number;
  EXTRACT_PIN(sha: number, id: Octets, pin: number, token: Octets): number;
  CLIENT_1(
    sha: number,
    date: number,
    id: Octets,
    rng: unknown,
    x: Octets,
    pin: number,
    token: Octets,
    sec: Octets,
    u: Octets,
    ut: Octets,
    permit: Octets,
  ): number;
  CLIENT_2(x: Octets, y: Octets, sec: Octets): number;
}

interface Context {
  readonly MPIN: Mpin;
  readonly RAND: new () => { clean(): void; seed(length: number, bytes: Octets): void };
}

const CTX = createRequire(import.meta.url)('milagro-crypto-js') as new (curve: string) => Context;
const ctx = new CTX('BN254CX');
const SHA256 = 32;

const octets = (hex: unknown): Octets => [...Buffer.from(String(hex), 'hex')];
const hex = (bytes: Octets): string => Buffer.from(bytes).toString('hex');

type Json = Record<string, unknown>;

async function call(method: string, url: string, body?: Json): Promise<Json> {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body) };
  const reply = await fetch(url, init);
  const text = await reply.text();
  if (reply.status !== 200) throw new Error(`${method} ${new URL(url).pathname}: ${reply.status}`);
  return text === '' ? {} : (JSON.parse(text) as Json);
}

function done(status: number): void {
  if (status !== 0) throw new Error(`milagro-crypto-js says ${status}`);
}

export interface Registered {
  readonly settings: Json;
  readonly mpinId: string;
  readonly token: Octets;
}

export async function register(base: string, userId: string, pin: number): Promise<Registered> {
  const settings = await call('GET', `${base}/rps/clientSettings`);
  const user = await call('PUT', String(settings['registerURL']), { userId, mobile: 0 });
  const { mpinId, regOTT } = user as { mpinId: string; regOTT: string };
  const signed = await call('GET', `${settings['signatureURL']}/${mpinId}?regOTT=${regOTT}`);
  const hosted = `${settings['certivoxURL']}clientSecret?${signed['params']}`;
  const share = await call('GET', hosted);
  const token: Octets = [];
  const shares = [signed['clientSecretShare'], share['clientSecret']].map(octets);
  done(ctx.MPIN.RECOMBINE_G1(shares[0] ?? [], shares[1] ?? [], token));
  done(ctx.MPIN.EXTRACT_PIN(SHA256, octets(mpinId), pin, token));
  await call('POST', `${settings['setupDoneURL']}/${mpinId}`, {});
  return { settings, mpinId, token };
}

/** The generator (−1, 1) of G1: a point that any server must take for a U (crypto.md §1). */
const MINUS_ONE = '2400000008702a0db0bddf647a6366d3243fd6ee18093ee1be6623ef5c1b55b2';
const GENERATOR = `04${MINUS_ONE}${'1'.padStart(64, '0')}`;

/** A well-formed pass 1 of an identity that nobody has. */
export function anyPass1(): Json {
  const identity = Buffer.from('{"mobile":0,"issued":"","userID":"nobody"}').toString('hex');
  return { mpin_id: identity, U: GENERATOR, UT: GENERATOR, pass: 1 };
}

/** Logs in; gives the relying party's status. */
export async function login(
  { settings, mpinId, token }: Registered,
  pin: number,
  webSocket: boolean,
): Promise<number> {
  const { date, permit } = await timePermit(settings, mpinId);
  const rng = new ctx.RAND();
  rng.clean();
  rng.seed(100, [...randomBytes(100)]);
  const [x, sec, u, ut]: Octets[] = [[], [], [], []];
  const id = octets(mpinId);
  if (!x || !sec || !u || !ut) throw new Error('unreachable');
  done(ctx.MPIN.CLIENT_1(SHA256, date, id, rng, x, pin, [...token], sec, u, ut, permit));
  const prove = (y: unknown): string => {
    done(ctx.MPIN.CLIENT_2(x, octets(y), sec));
    return hex(sec);
  };
  const pass1 = { mpin_id: mpinId, UT: hex(ut), U: hex(u), pass: 1 };
  const server = String(settings['mpinAuthServerURL']);
  const authOTT = webSocket
    ? await overWebSocket(server, pass1, prove)
    : await overRest(server, pass1, prove);
  const reply = await fetch(String(settings['authenticateURL']), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ mpinResponse: { authOTT, pass: 2 } }),
  });
  return reply.status;
}

async function timePermit(settings: Json, mpinId: string) {
  const local = await call('GET', `${settings['timePermitsURL']}/${mpinId}`);
  const { date, storageId, signature } = local as {
    date: number;
    storageId: string;
    signature: string;
  };
  const signed = `hash_mpin_id=${storageId}&signature=${signature}`;
  const query = `app_id=${settings['appID']}&mobile=0&${signed}`;
  const hosted = await call('GET', `${settings['certivoxURL']}timePermit?${query}`);
  const permit: Octets = [];
  done(ctx.MPIN.RECOMBINE_G1(octets(local['timePermit']), octets(hosted['timePermit']), permit));
  return { date, permit };
}

async function overRest(server: string, pass1: Json, prove: (y: unknown) => string) {
  const { y } = await call('POST', `${server}/pass1`, pass1);
  const pass2 = { V: prove(y), OTP: 0, WID: '0', pass: 2, mpin_id: pass1['mpin_id'] };
  return (await call('POST', `${server}/pass2`, pass2))['authOTT'];
}

function overWebSocket(server: string, pass1: Json, prove: (y: unknown) => string) {
  const socket = new WebSocket(`${server.replace(/^http/, 'ws')}/authenticationToken`);
  return new Promise<unknown>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed')));
    socket.on('open', () => socket.send(JSON.stringify(pass1)));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as Json;
      if (message['pass'] === 1) {
        const pass2 = { V: prove(message['y']), OTP: 0, WID: '0', pass: 2 };
        socket.send(JSON.stringify(pass2));
      } else {
        resolve(message['authOTT']);
        socket.close();
      }
    });
  });
}
