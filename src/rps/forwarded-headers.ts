/**
 * The headers of a registration that the RPA is to have (option RegisterForwardUserHeaders,
 * contract §6): a session's cookie, the person's language.
 */
import { HOP_BY_HOP } from '../http/outgoing.js';

/** All headers, in the option's words. */
const ALL = '*';

/** What describes our own call, or what only we may say. */
const OURS: ReadonlySet<string> = new Set([
  ...HOP_BY_HOP,
  // A reply that came compressed would not be understood.
  'accept-encoding',
  'content-encoding',
  'content-length',
  'content-type',
  'host',
  // The base of links: configured, never taken from a client (contract §13, 4).
  'rps-base-url',
]);

/**
 * What a browser says of its own request. Behind `*` a relying party would take it for words about
 * ours, and refuse a call that seems to come from a page; whoever names them gets them.
 */
const OF_BROWSERS = /^(?:origin|sec-fetch-.*)$/;

/** What may stand in a header's value on its way out: visible ASCII, Latin-1, spaces and tabs. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

export type ForwardedHeaders = (
  headers: Readonly<Record<string, string>>,
) => Readonly<Record<string, string>>;

/** The headers that a route must ask for to be able to forward what `names` says. */
export function headersToRead(names: readonly string[]): readonly string[] | 'all' {
  return names.includes(ALL) ? 'all' : ['host', ...names.map((name) => name.toLowerCase())];
}

/** Prepares the choice of headers to forward, of those that a request has. */
export function forwardedHeaders(names: readonly string[]): ForwardedHeaders {
  const wanted = new Set(names.map((name) => name.toLowerCase()));
  const all = wanted.has(ALL);
  const isWanted = (name: string) => wanted.has(name) || (all && !OF_BROWSERS.test(name));
  return (headers) =>
    Object.fromEntries(
      Object.entries(headers).filter(
        ([name, value]) => isWanted(name) && !OURS.has(name) && VALUE.test(value),
      ),
    );
}
