/** The addresses under which clients know this service: configured, never taken from a request. */
import type { RpsOptions } from '../config/rps.js';

export interface PublicUrls {
  /** Path in front of all public routes: a slash before it, none behind. */
  readonly prefix: string;
  /** The configured base, without a slash at its end; '' when there is none. */
  readonly base: string;
  /** Public base of the routes: `https://host/rps`, or `/rps` when no base is configured. */
  readonly api: string;
  /**
   * What the RPA is told as the base of its links (contract §13, 4): the configured base, or the
   * further one whose host the request names; undefined when none is configured.
   */
  baseFor(host: string | undefined): string | undefined;
  /** Whether a page of this origin may open a WebSocket (contract §5). */
  allowsOrigin(origin: string): boolean;
}

type UrlOptions = Pick<RpsOptions, 'rpsBaseURL' | 'rpsBaseURLs' | 'rpsPrefix' | 'allowOrigin'>;

/** Throws an Error that names the option when a base or the prefix cannot be used. */
export function publicUrls(options: UrlOptions): PublicUrls {
  const { allowOrigin } = options;
  const main = options.rpsBaseURL === '' ? undefined : base('rpsBaseURL', options.rpsBaseURL);
  const further = options.rpsBaseURLs.map((url) => base('rpsBaseURLs', url));
  const bases = main === undefined ? further : [main, ...further];
  const byHost = new Map(bases.map((url) => [new URL(url).host, url]));
  const origins = new Set([...bases.map((url) => new URL(url).origin), ...allowOrigin]);
  const prefix = prefixOf(options.rpsPrefix);
  return {
    prefix,
    base: main ?? '',
    api: `${main ?? ''}${prefix}`,
    baseFor: (host) => byHost.get(host?.toLowerCase() ?? '') ?? main,
    allowsOrigin: (origin) => origins.has('*') || origins.has(origin),
  };
}

/** Throws an Error that names the option unless its value is empty or an http(s) URL. */
export function demandUrls<Name extends string>(
  options: Readonly<Record<Name, string>>,
  names: readonly Name[],
): void {
  for (const name of names) {
    const text = options[name];
    const sound = URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
    if (text !== '' && !sound) throw new Error(`${name}: "${text}" is not an http or https URL`);
  }
}

/**
 * The authorities by the options that name them. Throws an Error that names the option of an
 * address that is none, or of one that stands twice: its share would count twice.
 */
export function authorityUrls(options: Pick<RpsOptions, 'DTALocalURL' | 'furtherAuthorityURLs'>): {
  readonly localUrls: readonly string[];
  readonly furtherUrls: readonly string[];
} {
  const listed = options.DTALocalURL.split(',').map((url) => url.trim());
  const localUrls = listed.filter((url) => url !== '');
  const furtherUrls = options.furtherAuthorityURLs;
  if (localUrls.length === 0) throw new Error('DTALocalURL: the address of the D-TA is needed');
  const named = { DTALocalURL: localUrls, furtherAuthorityURLs: furtherUrls };
  for (const [name, urls] of Object.entries(named)) {
    for (const url of urls) demandUrls({ [name]: url }, [name]);
    if (new Set(urls).size < urls.length) throw new Error(`${name}: the same address twice`);
  }
  return { localUrls, furtherUrls };
}

/** A base without its final slash: clients append `/…` (contract §1, 5). */
function base(option: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const plain = url?.search === '' && url.hash === '' && url.username === '' && url.password === '';
  if (!plain || !/^https?:$/.test(url.protocol)) {
    throw new Error(`${option}: "${text}" is not a plain http or https URL`);
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** At least one segment: without a prefix, public and private routes would have the same paths. */
function prefixOf(text: string): string {
  const prefix = text.replace(/^\/+|\/+$/g, '');
  if (!/^[\w.~-]+(\/[\w.~-]+)*$/.test(prefix)) {
    throw new Error(`rpsPrefix: "${text}" is not a path such as rps`);
  }
  return `/${prefix}`;
}
