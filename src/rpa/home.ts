/** The pages with the PIN pad: where a newcomer lands, and the phone's. */
import type { Answer, Route } from '../http/call.js';
import { parseJsonObject } from '../http/json.js';
import type { Outgoing } from '../http/outgoing.js';
import { LOGOUT_WATCH_PATH } from './logout.js';
import { type Brand, type Html, html } from './pages.js';

export interface HomeOptions {
  readonly outgoing: Outgoing;
  /** Base URL of the RPS. */
  readonly rpsUrl: string;
  /** Prefix of its public API, without slashes. */
  readonly prefix: string;
  /** Of this application, as browsers know it. */
  readonly baseUrl: string;
  readonly brand: Brand;
  /** Page of the mobile client that QR codes open; the server's own when empty. */
  readonly mobileAppFullURL: string;
}

export interface Home {
  /** The first page, for who is logged in or not. */
  page(userId: string | undefined): Promise<Answer>;
  /** The headers of every page that runs the pad. */
  headers(): Promise<Readonly<Record<string, string>>>;
  /** What the page needs beside the files of the build. */
  readonly routes: readonly Route[];
}

/** Path of the style sheet with the colour of the brand: the page allows nothing inline. */
const BRAND_PATH = '/brand.css';

export function createHome(options: HomeOptions): Home {
  const headers = async () => pageHeaders(await connectSources(options));
  return {
    headers,
    routes: [
      {
        method: 'GET',
        path: BRAND_PATH,
        access: 'public',
        handle: () => ({
          status: 200,
          // Only what nobody has to read: a text of any colour may be hard to see.
          body: `.mark i{background:${options.brand.colour}}`,
          contentType: 'text/css; charset=utf-8',
        }),
      },
    ],
    page: async (userId) => ({
      status: 200,
      body: homePage(options, userId).html,
      contentType: 'text/html; charset=utf-8',
      headers: { ...(await headers()), 'Cache-Control': 'no-store' },
    }),
  };
}

/** Scripts and styles only from files of ours; nothing inline, no frames, no foreign forms. */
function pageHeaders(connect: readonly string[]): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "worker-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "manifest-src 'self'",
    `connect-src ${connect.join(' ')}`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  return {
    'Content-Security-Policy': policy.join('; '),
    'Permissions-Policy': 'camera=(self), microphone=(), geolocation=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
}

/** A page may connect where the settings of its RPS send it, and nowhere else. */
async function connectSources(options: HomeOptions): Promise<string[]> {
  const { outgoing, rpsUrl, prefix, baseUrl } = options;
  const sources = new Set(["'self'", new URL(baseUrl).origin.replace(/^http/, 'ws')]);
  const url = new URL(`/${prefix}/clientSettings`, rpsUrl);
  const reply = await outgoing.request({ method: 'GET', url, headers: {} }).catch(() => undefined);
  const settings = reply?.status === 200 ? parseJsonObject(reply.body) : undefined;
  // Some settings are lists: of further authorities, for one.
  for (const value of Object.values(settings ?? {}).flat()) {
    const target = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
    if (target !== undefined && /^(?:http|ws)s?:$/.test(target.protocol)) {
      sources.add(`${target.protocol}//${target.host}`);
    }
  }
  return [...sources];
}

const DEFAULT_BASE_URL = 'http://127.0.0.1:8005';

function homePage(
  { baseUrl, brand, mobileAppFullURL }: HomeOptions,
  userId: string | undefined,
): Html {
  const url = baseUrl === DEFAULT_BASE_URL ? '' : ` --url ${baseUrl}`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${brand.name}</title>
<meta name="viewport" content="width=device-width,initial-scale=1">
<link rel="icon" href="/m/icon.svg"><link rel="stylesheet" href="/mpin/home.css">
<link rel="stylesheet" href="${BRAND_PATH}">
<script type="module" src="/mpin/home.js"></script></head>
<body><header class="top"><span class="mark"><i></i><i></i><i></i><i></i></span><b>${brand.name}</b>
</header>
<main><div>${userId === undefined ? pad(mobileAppFullURL) : loggedIn(userId)}</div>
<mpin-wire></mpin-wire>
<section class="about"><h1>What is this?</h1>
<p>This application lets people in with M-Pin: a PIN and a token that lies in their browser. The
server holds neither, so there is no password file to steal. Register with any name, choose a PIN,
log in, and watch what goes over the wire.</p>
<details><summary>From a terminal</summary>
<pre>npx mpin client register --user you@example.com${url}
npx mpin client login --user you@example.com${url}</pre>
<p>Clients of the documents begin at <a href="/rps/clientSettings">/rps/clientSettings</a>.</p>
</details></section></main>
<noscript><p>The PIN pad needs JavaScript: your PIN is used in the browser and never sent.</p>
</noscript></body></html>
`;
}

function pad(mobileAppFullURL: string): Html {
  const app = mobileAppFullURL === '' ? html`` : html` mobile-app-full-url="${mobileAppFullURL}"`;
  return html`<mpin-pad autofocus${app}>
<a class="go" slot="success" href="/protected">Go to your page</a>
</mpin-pad>`;
}

function loggedIn(userId: string): Html {
  return html`<section class="about"><h1>You are logged in</h1>
<p>As <b>${userId}</b>. <a href="/protected">Your page</a>, <a href="/logout">log out</a>.</p>
</section><script type="module" src="${LOGOUT_WATCH_PATH}"></script>`;
}
