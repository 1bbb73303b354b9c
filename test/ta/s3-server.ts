/**
 * A store that speaks S3 (s3rver), behind a check of the signatures it is sent: s3rver takes every
 * AWS4-HMAC-SHA256 for right.
 */
import { createHash, createHmac } from 'node:crypto';
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
  const s3 = new S3rver({
    silent: true,
    directory: folderOf(t),
    configureBuckets: [{ name: BUCKET }],
  });
  await s3.configureBuckets();
  const inner = createServer(s3.callback());
  const innerPort = await listen(inner, 0);
  const done: string[] = [];
  let failing = 0;
  const front = createServer(async (request, response) => {
    const body = await bodyOf(request);
    if (failing > 0) {
      failing -= 1;
      refuse(response, 503, 'SlowDown');
    } else if (isRight(request, body)) {
      const status = await relay(request, body, { port: innerPort, response });
      if (status < 300) done.push(`${request.method} ${request.url?.replace(/\?.*/, '')}`);
    } else {
      refuse(response, 403, 'SignatureDoesNotMatch');
    }
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

function relay(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  { port, response }: { readonly port: number; readonly response: ServerResponse },
): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = ask({ host: '127.0.0.1', port, method, path: url, headers }, (reply) => {
      const { statusCode: status = 0 } = reply;
      response.writeHead(status, reply.headers);
      reply.pipe(response);
      response.on('finish', () => resolve(status));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'Content-Type': 'application/xml' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>No</Message></Error>`);
}
