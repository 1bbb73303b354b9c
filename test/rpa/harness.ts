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
  /** Activation links that were handed over. */
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
    return startRpa(options, context, { deliver: (_user, link) => links.push(link) });
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
