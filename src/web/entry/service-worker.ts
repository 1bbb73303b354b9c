/**
 * Lets the phone's page open without a network: it then says that it waits for one. Files are
 * asked of the network first, so a new version is seen at once; nothing of the API is touched.
 */

/** The part of the worker's world that is used here. */
interface WorkerWorld {
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  addEventListener(name: 'install' | 'activate', listen: (event: Extendable) => void): void;
  addEventListener(name: 'fetch', listen: (event: Fetching) => void): void;
}

interface Extendable {
  waitUntil(work: Promise<unknown>): void;
}

interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(answer: Promise<Response>): void;
}

const CACHE = 'mpin-mobile';
const FILES = ['/m/', '/mpin/mobile.js', '/mpin/mobile.css', '/mpin/mpin-worker.js', '/m/icon.svg'];

const world = globalThis as unknown as WorkerWorld;

world.addEventListener('install', (event) => {
  event.waitUntil(fill().then(() => world.skipWaiting()));
});
world.addEventListener('activate', (event) => event.waitUntil(world.clients.claim()));
world.addEventListener('fetch', (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method === 'GET' && origin === location.origin && FILES.includes(pathname)) {
    event.respondWith(networkFirst(event.request, pathname));
  }
});

async function fill(): Promise<void> {
  await (await caches.open(CACHE)).addAll(FILES);
}

async function networkFirst(request: Request, name: string): Promise<Response> {
  const cache = await caches.open(CACHE);
  try {
    const answer = await fetch(request);
    if (answer.ok) await cache.put(name, answer.clone());
    return answer;
  } catch (error) {
    const kept = await cache.match(name);
    if (kept === undefined) throw error;
    return kept;
  }
}
