/** What went over the wire, for those who want to look: secrets are cut short on the way. */
import type { Channel, Reply, Request, Transport } from '../../client/transport.js';
import type { Operation } from '../crypto/messages.js';

/** One exchange with a server, or one computation in the worker. */
export type WireEvent =
  | {
      readonly kind: 'http' | 'websocket';
      readonly method: string;
      readonly url: string;
      readonly request: unknown;
      /** 0 when no answer came. */
      readonly status: number;
      readonly reply: unknown;
      readonly ms: number;
    }
  | { readonly kind: 'crypto'; readonly operation: Operation; readonly ms: number };

export type WireListener = (event: WireEvent) => void;

/** Passes everything through and tells `listener` of it. */
export function observedTransport(inner: Transport, listener: WireListener): Transport {
  return {
    request: async (request) => {
      const began = performance.now();
      const tell = (reply: Reply): void =>
        listener(httpEvent(request, reply, performance.now() - began));
      try {
        const reply = await inner.request(request);
        tell(reply);
        return reply;
      } catch (error) {
        tell({ status: 0, text: '' });
        throw error;
      }
    },
    openChannel: async (url) => observedChannel(await inner.openChannel(url), url, listener),
  };
}

function observedChannel(channel: Channel, url: string, listener: WireListener): Channel {
  let sent: unknown;
  let began = 0;
  return {
    send: (message) => {
      sent = message;
      began = performance.now();
      channel.send(message);
    },
    receive: async () => {
      const text = await channel.receive();
      const {
        method,
        url: shown,
        ...rest
      } = httpEvent(
        { method: 'POST', url, body: sent as Record<string, unknown> },
        { status: 200, text },
        performance.now() - began,
      );
      listener({ ...rest, kind: 'websocket', method: 'frame', url: shown });
      return text;
    },
    close: () => channel.close(),
  };
}

type ExchangeEvent = Exclude<WireEvent, { kind: 'crypto' }>;

function httpEvent(request: Request, { status, text }: Reply, ms: number): ExchangeEvent {
  const { method, url, body } = request;
  return {
    kind: 'http',
    method,
    url: shortened(url),
    request: body === undefined ? undefined : abbreviated(body),
    status,
    reply: text === '' ? undefined : abbreviated(parsed(text)),
    ms,
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Values of these names are secret even where they do not look it. */
const SECRET_NAMES: ReadonlySet<string> = new Set(['OTP', 'accessNumber', 'WID', 'seedValue']);
/** Hex of this many digits or more is a key, a point, a token or an identity: never shown whole. */
const HEX = /[0-9a-fA-F]{24,}/g;
const SHOWN_DIGITS = 8;

/** The same value with everything that could be a secret cut to its first digits. */
export function abbreviated(value: unknown, name = ''): unknown {
  if (SECRET_NAMES.has(name) && (typeof value === 'string' || typeof value === 'number')) {
    return String(value).length > 1 ? '…' : value;
  }
  if (typeof value === 'string') return shortened(value);
  if (Array.isArray(value)) return value.map((item) => abbreviated(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, field]) => [key, abbreviated(field, key)]),
  );
}

function shortened(text: string): string {
  return text.replace(HEX, (hex) => `${hex.slice(0, SHOWN_DIGITS)}…(${hex.length >> 1} bytes)`);
}
