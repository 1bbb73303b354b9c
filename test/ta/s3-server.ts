/**
 * A store that speaks S3 (s3rver), behind a check of the signatures it is sent: s3rver takes every
 * AWS4-HMAC-SHA256 for right. It also says that an object is put before its file is written, and
 * whoever asks meanwhile gets the length of what was there with the bytes of what is, or waits for
 * ever for the rest of them. So requests go to it one by one, and a PUT begins without the object
 * that it replaces and is answered when the new one is whole.
 */
import { createHash, createHmac } from 'node:crypto';
import { rm, stat } from 'node:fs/promises';
import {
  request as ask,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';
import { until } from '../e2e/program.js';
import { folderOf } from './services.js';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const S3rver = createRequire(import.meta.url)('s3rver') as new (
  options: Readonly<Record<string, unknown>>,
) => { configureBuckets(): Promise<unknown>; callback(): Handler };

/** The one key that s3rver knows. */
export const ACCESS_KEY_ID = 'S3RVER';
export const SECRET_ACCESS_KEY = 'a secret of the store';
export const BUCKET = 'permits';

export interface SignedRequest {
  readonly method: string;
  /** Path and query as on the request line. */
  readonly url: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

const sha256 = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, text: string) =>
  createHmac('sha256', key).update(text).digest();

/** The signature that a request should have, by the rules of AWS Signature Version 4 for S3. */
export function signatureV4({ method, url, headers }: SignedRequest, secret: string): string {
  const [path = '', query = ''] = url.split('?');
  const { credential = '', names = '' } = authorizationOf(headers);
  const [, date = '', region = '', service = '', end = ''] = credential.split('/');
  const pairs =
    query === '' ? [] : query.split('&').map((pair) => (pair.includes('=') ? pair : `${pair}=`));
  const lines = names.split(';').map((name) => `${name}:${String(headers[name] ?? '').trim()}\n`);
  const canonical = [
    method,
    path,
    pairs.sort().join('&'),
    lines.join(''),
    names,
    headers['x-amz-content-sha256'],
  ].join('\n');
  const scope = [date, region, service, end].join('/');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = [date, region, service, end].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  return hmac(key, text).toString('hex');
}

export function authorizationOf(headers: SignedRequest['headers']) {
  const form = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)$/;
  const [, credential, names, signature] = form.exec(String(headers['authorization'])) ?? [];
  return { credential, names, signature };
}

export interface Store {
  readonly url: string;
  /** `METHOD path` of all that was answered 200 or 204, in order. */
  readonly done: string[];
  /** Answers so many requests with 503. */
  failNext(count: number): void;
  stop(): Promise<void>;
}

/** Starts a store with the bucket {@link BUCKET} that anyone may read; stops with the test. */
export async function startStore(t: Test, { port = 0 }: { port?: number } = {}): Promise<Store> {
  const directory = folderOf(t);
  const s3 = new S3rver({ silent: true, directory, configureBuckets: [{ name: BUCKET }] });
  await s3.configureBuckets();
  const inner = createServer(s3.callback());
  const innerPort = await listen(inner, 0);
  const done: string[] = [];
  let failing = 0;
  const answer = async (request: IncomingMessage, body: Buffer, response: ServerResponse) => {
    if (failing > 0) {
      failing -= 1;
      refuse(response, 503, 'SlowDown');
    } else if (isRight(request, body)) {
      const { method, url = '' } = request;
      const path = url.replace(/\?.*/, '');
      const file = method === 'PUT' ? `${directory}${path}._S3rver_object` : undefined;
      if (file !== undefined) await rm(file, { force: true });
      const reply = await relay(request, body, innerPort);
      if (file !== undefined) await written(file, body.length);
      response.writeHead(reply.status, reply.headers).end(reply.body);
      if (reply.status < 300) done.push(`${method} ${path}`);
    } else {
      refuse(response, 403, 'SignatureDoesNotMatch');
    }
  };
  let turn = Promise.resolve();
  const front = createServer((request, response) => {
    // A broken relay shows at the client that waits for the answer, and nobody waits where a
    // client went away while it asked; the next has its turn.
    bodyOf(request).then(
      (body) => {
        turn = turn
          .then(() => answer(request, body, response))
          .catch(() => void response.destroy());
      },
      () => void response.destroy(),
    );
  });
  const url = `http://127.0.0.1:${await listen(front, port)}`;
  const stop = async () => {
    for (const server of [front, inner]) {
      server.closeAllConnections();
      server.close();
    }
  };
  t.teardown(stop);
  const failNext = (count: number) => {
    failing = count;
  };
  return { url, done, failNext, stop };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Anyone may read; whatever else must be signed, its body too. */
function isRight({ method = '', url = '', headers }: IncomingMessage, body: Buffer): boolean {
  const { signature } = authorizationOf(headers);
  if (headers.authorization === undefined) return method === 'GET';
  if (headers['x-amz-content-sha256'] !== sha256(body)) return false;
  return signature === signatureV4({ method, url, headers }, SECRET_ACCESS_KEY);
}

/** Milliseconds after which s3rver is taken not to answer: others wait for their turn meanwhile. */
const RELAY_MS_MAX = 5_000;

interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

function relay(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  port: number,
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(RELAY_MS_MAX);
    const options = { host: '127.0.0.1', port, method, path: url, headers, signal };
    const asked = ask(options, (reply) => {
      const { statusCode: status = 0 } = reply;
      bodyOf(reply).then((text) => resolve({ status, headers: reply.headers, body: text }), reject);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

const written = (file: string, bytes: number) =>
  until(`${file} to be whole`, async () => (await stat(file).catch(ifMissing))?.size === bytes);

const ifMissing = () => undefined;

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'Content-Type': 'application/xml' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>No</Message></Error>`);
}
