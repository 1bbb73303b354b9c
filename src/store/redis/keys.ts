/**
 * The names of what lies in Redis: `<prefix>:<kind><layout>:{<tag>}<rest>`. The kind keeps worlds
 * apart, so that no access number or identity ever works as a token (contract §13, 3); the layout
 * number rises with a change of a kind's value, so that old and new instances never misread one
 * another. A cluster puts all keys of one tag into one slot.
 */
import { hash } from 'node:crypto';

/**
 * Hex digits of a tag: 65536 tags over the 16384 slots of a cluster. What may be needed in one
 * atomic step shares its tag: all of an identity, and the results of its logins, whose authOTTs
 * begin with the identity's tag (see {@link authOTTOf}).
 */
const TAG_CHARS = 4;
/**
 * Hex digits of an identity's hash in its keys: 128 bits of SHA-256. Nobody can find an identity
 * that shares its keys with a given one, and keys are short whatever identities are.
 */
const NAME_CHARS = 32;
/** Longest token that can be one: the hex of 64 bytes, the longest that can be configured. */
const TOKEN_CHARS_MAX = 128;

/** Kinds of keys, each with the number of its layout. */
const KINDS = {
  registration: 'g1',
  challenges: 'c1',
  failures: 'f1',
  /** Failures that lock nothing, since the last right PIN, */
  otherFailures: 'o1',
  /** and within a while. */
  window: 'w1',
  result: 'r2',
  /** Of a pass 2 under a WID, until the mobile takes it, */
  mobileResult: 'm1',
  /** and which meeting it was at, from then on. */
  mobileLogin: 'l1',
  /** A report of the RPA on a browser's login is awaited. */
  report: 'a1',
  meeting: 'e1',
  wid: 'i1',
  otps: 'x1',
  nonce: 'n1',
  events: 'k1',
  /** The places of the revoked identities of one tag. */
  revocations: 'v2',
  permits: 'p1',
  probe: 'h1',
} as const;

export type Kind = keyof typeof KINDS;

export class Keys {
  readonly #heads: Readonly<Record<Kind, string>>;

  /** @throws Error for a prefix that would hide the tags from a cluster */
  constructor(prefix: string) {
    if (/[{}\s]/.test(prefix)) {
      throw new Error('redisPrefix: braces and spaces cannot be in it');
    }
    const heads = Object.entries(KINDS).map(([kind, letter]) => [kind, `${prefix}:${letter}:`]);
    this.#heads = Object.fromEntries(heads) as Record<Kind, string>;
  }

  /** @param place from one of the functions below */
  of(kind: Kind, place: string): string {
    return this.#heads[kind] + place;
  }
}

/** The last one asked for: a pass 2 asks several times in a row, and hashing is most of it. */
let last = { mpinId: '', place: '' };

export function placeOfIdentity(mpinId: string): string {
  if (mpinId !== last.mpinId) {
    last = { mpinId, place: placeOfHash(hash('sha256', Buffer.from(mpinId, 'hex'))) };
  }
  return last.place;
}

/** @param hex the SHA-256 of an identity */
export function placeOfHash(hex: string): string {
  return `{${hex.slice(0, TAG_CHARS)}}${hex.slice(TAG_CHARS, NAME_CHARS)}`;
}

/** Of any text that belongs together with nothing else. */
export function placeOfText(text: string): string {
  return placeOfHash(hash('sha256', text));
}

/** The part of a place that says in which slot of a cluster it lies. */
export function tagOfPlace(place: string): string {
  return place.slice(0, TAG_CHARS + 2);
}

/** Undefined for what cannot be a token. */
export function placeOfToken(token: string): string | undefined {
  if (token === '' || token.length > TOKEN_CHARS_MAX) return undefined;
  return `{${token.slice(0, TAG_CHARS)}}${token.slice(TAG_CHARS)}`;
}

/** Whether a cluster keeps both in one slot. */
export function areTogether(place: string, other: string): boolean {
  return tagOfPlace(place) === tagOfPlace(other);
}

/**
 * A fresh token with the identity's tag for its first digits. The tag is no secret to those who
 * see the token, as they know the identity; the other digits are: 112 bits of a token of 16 bytes.
 */
export function authOTTOf(mpinId: string, token: string): string {
  return placeOfIdentity(mpinId).slice(1, 1 + TAG_CHARS) + token.slice(TAG_CHARS);
}
