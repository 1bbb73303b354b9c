/** The demo beside a fake RPS, for a whole test file. */
import { pino } from 'pino';
import t from 'tap';
import { loadOptions } from '../../src/config/load.js';
import { rpaOptions } from '../../src/config/rpa.js';
import type { RunningRole } from '../../src/ops/role.js';
import { startRpa } from '../../src/rpa/rpa.js';
import { type FakeRps, fakeRps } from './fake-rps.js';

export const AUTH_OTT = 'ab'.repeat(16);

export interface Demo {
  readonly rps: FakeRps;
  readonly rpa: RunningRole;
  /** Activation links that were shown. */
  readonly links: string[];
  nowMs: number;
  /** Starts another one with other options. */
  another(flags: Record<string, unknown>): Promise<RunningRole>;
}

/** Starts both; they forget what one test told them before the next, and end with the file. */
export async function startDemo(): Promise<Demo> {
  const rps = await fakeRps();
  const links: string[] = [];
  const clock = { now: () => demo.nowMs };
  const start = (flags: Record<string, unknown>) => {
    const options = loadOptions(rpaOptions, {
      env: {},
      flags: { port: '0', RPSURL: rps.url, ...flags },
    });
    const context = { log: pino({ level: 'silent' }), clock };
    return startRpa(options, context, {
      showLink: (_user, link) => links.push(link),
    });
  };
  const rpa = await start({});
  const demo: Demo = { rps, rpa, links, nowMs: 1_700_000_000_000, another: start };
  t.teardown(async () => {
    await rpa.stop();
    await rps.close();
  });
  t.beforeEach(() => {
    rps.seen.length = 0;
    rps.sockets.length = 0;
    rps.reply = () => ({ status: 200, body: '{}' });
    rps.onFrame = (socket, text) => socket.send(text);
    rps.refuseUpgrade = undefined;
  });
  return demo;
}

export async function messageOf(reply: Response): Promise<unknown> {
  return ((await reply.json()) as { message?: unknown }).message;
}

/** What a client sends at the end of its dance. */
export function authenticate(
  at: RunningRole,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(`${at.address}/mpinAuthenticate`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ mpinResponse: { authOTT: AUTH_OTT, version: '0.3', pass: 2 } }),
  });
}

/** A login of `userId`; gives its cookie and what the RPS was told. */
export async function logIn({ rps }: Demo, at: RunningRole, userId: string) {
  rps.reply = () => ({ status: 200, body: JSON.stringify({ userId }) });
  const from = rps.seen.length;
  const reply = await authenticate(at);
  const cookie = reply.headers.get('set-cookie')?.split(';')[0] ?? '';
  const told = JSON.parse(rps.seen[from]?.body ?? '{}') as {
    logoutURL: string;
    logoutData: { logoutToken: string };
  };
  return { status: reply.status, cookie, told };
}

export function protectedPage(cookie: string, at: RunningRole): Promise<Response> {
  return fetch(`${at.address}/protected`, { headers: { cookie }, redirect: 'manual' });
}

/** The hidden token in the forms of a page. */
export async function formTokenOf(page: Response): Promise<string> {
  return /name="token" value="([0-9a-f]{64})"/.exec(await page.text())?.[1] ?? '';
}

/** Sends a form as a browser does. */
export function postForm(
  url: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  const body = new URLSearchParams(fields);
  return fetch(url, { method: 'POST', body, headers, redirect: 'manual' });
}
