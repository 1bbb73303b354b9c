/** The curve in plain BigInt arithmetic, just enough to make points that must be refused. */

export const p = 0x2400000008702a0db0bddf647a6366d3243fd6ee18093ee1be6623ef5c1b55b3n;
export const r = 0x2400000008702a0db0bddf647a6366d2c43fd6ee0cc906cebe11c0a636eb1f6dn;

export const toBytes = (value: bigint): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex'));

export const toNumber = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes).toString('hex')}`);

export const concat = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(Buffer.concat(parts));

/** The point with its y negated. */
export function negateG1(point: Uint8Array): Uint8Array {
  return concat(point.subarray(0, 33), toBytes(p - toNumber(point.subarray(33))));
}

/** The point with both parts of its y negated. */
export function negateG2(point: Uint8Array): Uint8Array {
  const negated = (at: number) => toBytes((p - toNumber(point.subarray(at, at + 32))) % p);
  return concat(point.subarray(0, 64), negated(64), negated(96));
}

/** Every form of a G1 point that has 65 bytes and must be refused, by name. */
export function badG1(good: Uint8Array): Record<string, Uint8Array> {
  const x = toNumber(good.subarray(1, 33));
  const y = toNumber(good.subarray(33));
  const point = (prefix: number, px: bigint, py: bigint) =>
    concat(Uint8Array.of(prefix), toBytes(px), toBytes(py));
  return {
    'prefix 00': point(0, x, y),
    'prefix 02 (compressed form)': point(2, x, y),
    'prefix 05': point(5, x, y),
    'prefix 06 (hybrid form)': point(6, x, y),
    'off the curve': point(4, x, (y + 1n) % p),
    'x and y swapped': point(4, y, x),
    'infinity as zeros': new Uint8Array(65),
    'infinity as 04 and zeros': point(4, 0n, 0n),
    'infinity as (0, 1)': point(4, 0n, 1n),
    'x + p': point(4, x + p, y),
    'y + p': point(4, x, y + p),
    'x = p': point(4, p, y),
    'all ones': new Uint8Array(65).fill(0xff),
    'all ones after 04': point(4, (1n << 256n) - 1n, (1n << 256n) - 1n),
  };
}

/** Wrong lengths, which are TypeErrors for arguments and −14 for what clients send. */
export function wrongLengths(good: Uint8Array): Record<string, Uint8Array> {
  return {
    empty: new Uint8Array(0),
    'one byte short': good.slice(0, -1),
    'one byte long': concat(good, Uint8Array.of(0)),
    'half of it': good.slice(0, good.length >> 1),
  };
}

/** Every form of a G2 point that has 128 bytes and must be refused, by name. */
export function badG2(good: Uint8Array): Record<string, Uint8Array> {
  const [xa, xb, ya, yb] = [0, 32, 64, 96].map((at) => toNumber(good.subarray(at, at + 32))) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  const point = (...parts: readonly bigint[]) => concat(...parts.map(toBytes));
  return {
    'off the curve': point(xa, xb, ya, (yb + 1n) % p),
    'parts swapped': point(xb, xa, yb, ya),
    'infinity as zeros': new Uint8Array(128),
    'out of the subgroup': point(...twistPoint()),
    'xa + p': point(xa + p, xb, ya, yb),
    'xb + p': point(xa, xb + p, ya, yb),
    'ya + p': point(xa, xb, ya + p, yb),
    'yb + p': point(xa, xb, ya, yb + p),
    'all ones': new Uint8Array(128).fill(0xff),
  };
}

/**
 * A point on the twist y² = x³ + (1 − i) as xa, xb, ya, yb. The twist has r·(2p − r) points and
 * only r of them are in the group, so the first that comes is outside.
 */
function twistPoint(): [bigint, bigint, bigint, bigint] {
  for (let xa = 1n; ; xa += 1n) {
    // x = xa + i: x³ = (xa³ − 3xa) + (3xa² − 1)·i.
    const y = sqrtFp2(mod(xa ** 3n - 3n * xa + 1n), mod(3n * xa ** 2n - 2n));
    if (y !== undefined) return [xa, 1n, ...y];
  }
}

/** A square root of a + b·i in Fp2, by the norm; undefined when there is none. */
function sqrtFp2(a: bigint, b: bigint): [bigint, bigint] | undefined {
  const norm = sqrtFp(mod(a * a + b * b));
  if (norm === undefined) return undefined;
  const half = (p + 1n) / 2n;
  const c = sqrtFp(mod((a + norm) * half)) ?? sqrtFp(mod((a - norm) * half));
  if (c === undefined || c === 0n) return undefined;
  const d = mod(b * power(2n * c, p - 2n));
  return mod(c * c - d * d) === a && mod(2n * c * d) === b ? [c, d] : undefined;
}

function sqrtFp(a: bigint): bigint | undefined {
  const root = power(a, (p + 1n) / 4n);
  return mod(root * root) === a ? root : undefined;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let b = mod(base), e = exponent; e > 0n; e >>= 1n, b = mod(b * b)) {
    if (e & 1n) result = mod(result * b);
  }
  return result;
}

function mod(value: bigint): bigint {
  const rest = value % p;
  return rest < 0n ? rest + p : rest;
}
