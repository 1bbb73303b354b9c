/** Browsers that show a number or a code, and mobiles that log them in. */
import type { Person, Reply, World } from './harness.js';

/** How long a mobile may take to be released: far less than {@link PATIENT} ones would wait. */
export const RELEASE_MS_MAX = 30_000;

/** Mobiles wait as long as they can, whatever the machine has to do beside. */
export const PATIENT = { mobileWaitSeconds: 60 } as const;

/** A browser that asked for an access number, or for a QR code, at one of the services. */
export class Browser {
  readonly said: Reply['json'];
  readonly #world: World;
  readonly #at: string;

  constructor(world: World, said: Reply['json'], at: string) {
    this.#world = world;
    this.said = said;
    this.#at = at;
  }

  static async withNumber(world: World, at = world.rps.address): Promise<Browser> {
    const asked = { method: 'POST', at } as const;
    const { json } = await world.ask('/rps/getAccessNumber', asked);
    return new Browser(world, json, at);
  }

  static async withCode(world: World, body: unknown = {}): Promise<Browser> {
    const { json } = await world.post('/rps/getQrUrl', body);
    return new Browser(world, json, world.rps.address);
  }

  /** What the mobile takes from it. */
  get wid(): string {
    return `${this.said['accessNumber'] ?? `${this.said['qrUrl']}`.split('#')[1]}`;
  }

  /** The newer poll. */
  async poll(): Promise<Reply['json']> {
    const { webOTT } = this.said;
    const body = { webOTT };
    return (await this.#world.ask('/rps/access', { method: 'POST', body, at: this.#at })).json;
  }

  /** The older poll. */
  oldPoll(): Promise<Reply> {
    return this.#world.post('/rps/accessnumber', { webOTT: this.said['webOTT'] });
  }

  /** Polls until there is a login; its authOTT. */
  async loggedIn(): Promise<string> {
    const endMs = performance.now() + RELEASE_MS_MAX;
    for (;;) {
      const { status, authOTT } = await this.poll();
      if (status === 'authenticate') return `${authOTT}`;
      if (performance.now() > endMs) throw new Error(`the browser is ${status}`);
    }
  }

  /** What its RPA gets for an authOTT, saying this of it. */
  toRpa(authOTT: unknown, more: Record<string, unknown> = {}): Promise<Reply> {
    const body = { authOTT, ...more };
    return this.#world.ask('/authenticate', { method: 'POST', body, at: this.#at });
  }
}

/** The mobile presents what a dance gave it; the reply comes once the browser is through. */
export function present(
  world: World,
  authOTT: unknown,
  more: { readonly signal?: AbortSignal } = {},
): Promise<Reply> {
  const mpinResponse = { authOTT, version: '0.3', pass: 2 };
  return world.ask('/rps/authenticate', { method: 'POST', body: { mpinResponse }, ...more });
}

/** A dance for a browser and its presentation, for a mobile that need not wait. */
export async function refusedMobile(
  world: World,
  person: Person,
  wid: string,
  pin?: number,
): Promise<number> {
  const { authOTT } = await person.dance({ WID: wid }, pin);
  return (await present(world, authOTT)).status;
}
