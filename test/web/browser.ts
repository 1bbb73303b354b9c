/** A browser before the whole system, for tests of what people see. */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { ensureBuilt, freePorts, ROOT, type Run, startMpin, until } from '../e2e/program.js';

const CANDIDATES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** What a browser does of its own accord, and does not in a test. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--use-fake-ui-for-media-stream',
  // Pages that a test makes up have no address, and would not be let through to loopback.
  '--disable-features=LocalNetworkAccessChecks',
];

export async function launchBrowser(extra: readonly string[] = []): Promise<Browser> {
  const executablePath = CANDIDATES.find((path) => existsSync(path));
  if (executablePath === undefined) throw new Error('no Chromium: see test/setup.sh');
  return chromium.launch({ executablePath, args: [...FLAGS, ...extra] });
}

/** Longest wait for a screen; an action takes a tenth of a second where nothing else runs. */
const PATIENCE_MS = 15_000;

/** Pictures for people to look at; never compared, never committed. */
export const SCREENS = join(ROOT, 'out/screens');

export interface System {
  /** The demo as `npm start` gives it: registrations are active at once. */
  readonly url: string;
  /** Starts another RPS and relying party with other options; gives the latter's URL. */
  another(rps: Flags, rpa: Flags): Promise<Another>;
  stop(): Promise<void>;
}

export interface Another {
  readonly url: string;
  /** Of its RPS, for what a relying party asks of it. */
  readonly rps: string;
  /** The latest activation link for a user, where the relying party prints them. */
  linkFor(userId: string): Promise<URL>;
}

type Flags = Readonly<Record<string, string>>;

/** Starts `mpin up` in a folder of its own. */
export async function startSystem(): Promise<System> {
  await ensureBuilt();
  mkdirSync(SCREENS, { recursive: true });
  const cwd = mkdtempSync(join(tmpdir(), 'mpin-web-'));
  const runs: Run[] = [];
  const start = (args: readonly string[]): Run => {
    const run = startMpin(args, { cwd });
    runs.push(run);
    return run;
  };
  const names = ['rpa', 'rps', 'dta', 'hosted', 'hosted-dta'];
  const ports = await freePorts(names.length);
  const up = start(['up', ...names.map((name, at) => `--${name}-port=${ports[at]}`)]);
  await until('mpin up', () => up.stdout().includes('ready:'), up.stderr);
  return {
    url: `http://127.0.0.1:${ports[0]}`,
    another: (rps, rpa) => startAnother(start, `http://127.0.0.1:${ports[2]}`, rps, rpa),
    stop: async () => {
      for (const { child } of runs) child.kill('SIGTERM');
      await Promise.all(runs.map(({ ended }) => ended));
      rmSync(cwd, { recursive: true, force: true });
    },
  };
}

async function startAnother(
  start: (args: readonly string[]) => Run,
  dta: string,
  rps: Flags,
  rpa: Flags,
): Promise<Another> {
  const [rpsPort, rpaPort] = await freePorts(2);
  const [inside, url] = [`http://127.0.0.1:${rpsPort}`, `http://127.0.0.1:${rpaPort}`];
  const args = (flags: Flags) => Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
  const own = {
    port: String(rpsPort),
    credentialsFile: '.mpin/credentials.json',
    DTALocalURL: dta,
    rpsBaseURL: url,
    RPAVerifyUserURL: `${url}/mpinVerify`,
    RPAPermitUserURL: `${url}/mpinPermitUser`,
    RPAAuthenticateUserURL: `${url}/mpinAuthenticate`,
    trustedProxies: '127.0.0.0/8',
  };
  const server = start(['rps', ...args({ ...own, ...rps })]);
  const pages = start(['rpa', ...args({ port: String(rpaPort), RPSURL: inside, ...rpa })]);
  await until(
    'the other system',
    async () => (await fetch(`${url}/rps/clientSettings`).catch(() => undefined))?.status === 200,
    () => server.stderr() + pages.stderr(),
  );
  return { url, rps: inside, linkFor: (userId) => linkIn(pages.stdout, userId) };
}

/** Links name the identity in hex; what a process prints comes when it comes. */
async function linkIn(printed: () => string, userId: string): Promise<URL> {
  const find = (): URL | undefined =>
    [...printed().matchAll(/http\S+mpinActivate\S+/g)]
      .map(([link]) => new URL(link))
      .findLast(({ searchParams }) =>
        Buffer.from(searchParams.get('i') ?? '', 'hex').includes(`"${userId}"`),
      );
  await until(`a link for ${userId}`, () => find() !== undefined);
  return find() as URL;
}

/** A page with the pad, as one person sees it. */
export class Person {
  readonly page: Page;
  readonly #faults: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('pageerror', (error) => this.#faults.push(error.message));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) this.#faults.push(message.text());
    });
  }

  /** With the page in hand already. */
  static on(page: Page): Person {
    return new Person(page);
  }

  static async at(
    browser: Browser,
    url: string,
    options: BrowserContextOptions = {},
  ): Promise<Person> {
    const context = await browser.newContext({ reducedMotion: 'reduce', ...options });
    const person = new Person(await context.newPage());
    await person.page.goto(url);
    return person;
  }

  /** Exceptions and breaches of the Content-Security-Policy so far. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  /** Waits until the pad shows this screen. */
  async sees(screen: string): Promise<void> {
    const pad = this.page.locator('mpin-pad');
    const wanted = this.page.locator(`mpin-pad[data-screen="${screen}"]`);
    await wanted.waitFor({ timeout: PATIENCE_MS }).catch(async () => {
      const there = await pad.getAttribute('data-screen');
      const text = await pad.evaluate((element) => element.shadowRoot?.textContent);
      throw new Error(`waited for "${screen}", the pad shows "${there}": ${text}`);
    });
  }

  async click(name: string | RegExp): Promise<void> {
    await this.page.getByRole('button', { name }).click();
  }

  /** Types a PIN and presses the button below it. */
  async enterPin(pin: string, button: string | RegExp): Promise<void> {
    await this.page.locator('mpin-pad input.pin').fill(pin);
    await this.click(button);
  }

  /** Asks for an identity, up to its PIN or the wait for its confirmation. */
  async asksFor(userId: string): Promise<void> {
    await this.sees('add');
    await this.page.getByLabel('E-mail address').fill(userId);
    await this.click('Continue');
  }

  async setsPin(pin: string): Promise<void> {
    await this.sees('choose-pin');
    await this.enterPin(pin, 'Next');
    await this.enterPin(pin, 'Set PIN');
    await this.sees('pin-is-set');
  }

  async registers(userId: string, pin: string): Promise<void> {
    await this.asksFor(userId);
    await this.setsPin(pin);
  }

  async logsIn(pin: string): Promise<void> {
    await this.sees('login');
    await this.enterPin(pin, /^Log in$/);
  }

  /** What the line of messages says. */
  async message(): Promise<string> {
    return (await this.page.locator('mpin-pad #message').textContent()) ?? '';
  }

  async leaves(): Promise<void> {
    await this.page.context().close();
  }
}
