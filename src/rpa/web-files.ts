/** The PIN pad and the phone's page, as they were built for browsers. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Answer, answer, type Call, type Route } from '../http/call.js';

/** Where the build puts them; alike from the sources and from the compiled program. */
export const WEB_FOLDER = dirname(fileURLToPath(import.meta.resolve('#web/mpin-pad.js')));

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
};

interface WebFile {
  readonly contentType: string;
  readonly plain: Uint8Array;
  readonly gzipped: Uint8Array;
  readonly etag: string;
}

export interface WebFileOptions {
  /** The build's folder; without it there are no such pages. */
  readonly folder: string;
  /** Headers of the phone's page: its Content-Security-Policy. */
  readonly pageHeaders: () => Promise<Readonly<Record<string, string>>>;
}

/** `/mpin/…` for scripts and styles, `/m/` for the phone's page and what must lie beside it. */
export function webFileRoutes({ folder, pageHeaders }: WebFileOptions): Route[] {
  const files = readFiles(folder);
  const send = (call: Call, name: string, headers = {}): Answer => {
    const file = files.get(name);
    return file === undefined ? NOT_FOUND : sendFile(call, file, headers);
  };
  const route = (path: string, handle: Route['handle']): Route => {
    return { method: 'GET', path, access: 'public', headers: HEADERS_READ, handle };
  };
  return [
    route('/mpin/*', (call) => send(call, call.path.slice('/mpin/'.length))),
    route('/m', () => answer(302, {}, { Location: '/m/' })),
    route('/m/', async (call) => send(call, 'm/index.html', await pageHeaders())),
    route('/m/:file', (call) => send(call, `m/${call.params[0]}`)),
  ];
}

const HEADERS_READ = ['accept-encoding', 'if-none-match'];
const NOT_FOUND = answer(404, { version: '0.3', message: 'URI NOT FOUND' });

function sendFile(call: Call, file: WebFile, extra: Readonly<Record<string, string>>): Answer {
  const { etag, contentType } = file;
  const headers = {
    // Asked for anew each time, and sent anew only when it changed: no stale pad after an update.
    'Cache-Control': 'no-cache',
    ETag: etag,
    Vary: 'Accept-Encoding',
    'X-Content-Type-Options': 'nosniff',
    ...extra,
  };
  if (call.headers['if-none-match'] === etag) return { status: 304, headers };
  const gzip = /\bgzip\b/.test(call.headers['accept-encoding'] ?? '');
  if (!gzip) return { status: 200, contentType, headers, body: file.plain };
  const encoded = { ...headers, 'Content-Encoding': 'gzip' };
  return { status: 200, contentType, headers: encoded, body: file.gzipped };
}

/** All of them are a few hundred kilobytes: read and compressed once. */
function readFiles(folder: string): ReadonlyMap<string, WebFile> {
  const files = new Map<string, WebFile>();
  if (!existsSync(folder)) return files;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    const contentType = TYPES[extname(name)];
    if (contentType === undefined) continue;
    const plain = readFileSync(join(folder, name));
    const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
    files.set(name, { contentType, plain, gzipped: gzipSync(plain), etag });
  }
  return files;
}
