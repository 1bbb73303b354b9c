/**
 * Who is calling: addresses in one text form, lists of networks, and the client behind trusted
 * proxies. Nothing a client writes into a header counts unless the socket's own peer is listed.
 */
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = [Address, number];

/** Answers whether an address (numeric text) lies in one of the list's networks. */
export type AddressList = (address: string) => boolean;

/** Most decisions remembered by a list: a proxy has few addresses, an attacker has many. */
const DECISIONS_MAX = 4096;

const IPV6_GROUPS = 8;
/** IPv6 groups of the network that a provider gives one customer: a /64. */
const NETWORK_GROUPS = 4;

/** Prepares a list of CIDRs or addresses; throws an Error that names the first bad entry. */
export function compileAddressList(entries: readonly string[]): AddressList {
  const networks = entries.map(parseNetwork);
  if (networks.length === 0) return () => false;
  const known = new Map<string, boolean>();
  return (text) => {
    const decided = known.get(text);
    if (decided !== undefined) return decided;
    const address = parseAddress(text);
    const inside = address !== undefined && networks.some((network) => contains(network, address));
    if (known.size >= DECISIONS_MAX) known.clear();
    known.set(text, inside);
    return inside;
  };
}

/** Text of a binary address as uWebSockets.js gives it: 4 or 16 bytes; '' when it has none. */
export function addressText(binary: ArrayBuffer): string {
  const bytes = new Uint8Array(binary);
  if (bytes.length === 4) return dottedQuad(bytes, 0);
  if (bytes.length !== 16) return '';
  // Every request of an IPv4 client comes by here, and the library takes it 1.5 µs.
  if (isMappedIPv4(bytes)) return dottedQuad(bytes, 12);
  return new ipaddr.IPv6([...bytes]).toString();
}

/** ::ffff:0:0/96 */
function isMappedIPv4(bytes: Uint8Array): boolean {
  for (let at = 0; at < 10; at += 1) if (bytes[at] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

function dottedQuad(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/**
 * The client's address, given the socket's peer and the values of all X-Forwarded-For headers
 * joined by commas: from the right, the first address that is not a trusted proxy's own. An entry
 * that is no address ends the walk, as whoever wrote it is the last one known.
 */
export function forwardedPeer(peer: string, forwardedFor: string, trusted: AddressList): string {
  const hops = forwardedFor.split(',');
  let client = peer;
  while (hops.length > 0 && trusted(client)) {
    const address = parseAddress(withoutPort((hops.pop() as string).trim()));
    if (address === undefined) return client;
    client = address.toString();
  }
  return client;
}

/**
 * Whose address it is: one IPv6 host has 2⁶⁴ of them (RFC 6177: a customer gets a /64 at least),
 * and could otherwise pass for as many peers.
 */
export function networkOf(peer: string): string {
  if (!peer.includes(':')) return peer;
  const [head = '', tail] = peer.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : IPV6_GROUPS - before.length - after.length;
  const groups = [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after];
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}

function parseNetwork(entry: string): Network {
  const text = entry.trim();
  try {
    if (!text.includes('/')) return wholeAddress(text);
    const [address, bits] = ipaddr.parseCIDR(text);
    // ::ffff:10.0.0.0/104 means 10.0.0.0/8: peers are compared in their IPv4 form.
    if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress() && bits >= 96) {
      return [address.toIPv4Address(), bits - 96];
    }
    return [address, bits];
  } catch {
    throw new Error(`"${entry}" is neither an address nor a CIDR such as 10.0.0.0/8`);
  }
}

function wholeAddress(text: string): Network {
  const address = parseAddress(text);
  if (address === undefined) throw new Error('no address');
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function contains([network, bits]: Network, address: Address): boolean {
  return network.kind() === address.kind() && address.match(network, bits);
}

/** Only full dotted quads count as IPv4: `010.1` and `2130706433` are tricks, not addresses. */
function parseAddress(text: string): Address | undefined {
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return ipaddr.IPv4.parse(text);
  if (!text.includes(':') || !ipaddr.IPv6.isValid(text)) return undefined;
  return unmapped(ipaddr.IPv6.parse(text));
}

function unmapped(address: ipaddr.IPv6): Address {
  return address.isIPv4MappedAddress() ? address.toIPv4Address() : address;
}

/** `1.2.3.4:5` and `[::1]:5` as some proxies write them. */
function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text);
  if (bracketed) return bracketed[1] as string;
  return /^[\d.]+:\d+$/.test(text) ? text.slice(0, text.indexOf(':')) : text;
}
