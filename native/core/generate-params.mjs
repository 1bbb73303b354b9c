// Derives every constant of BN254CX from the curve parameter u, asserts each identity that the C++
// code relies on, and writes params.h. With --check it compares with the committed file instead.
//
//   node native/core/generate-params.mjs [--check]
//
// Sources: Barreto, Naehrig 2005/133 (the family); Vercauteren 2008/096 (optimal ate);
// Galbraith, Lin, Scott 2008/194 (psi); El Housni, Guillevic, Piellard 2022/352 (subgroup test);
// Fuentes-Castañeda, Knapp, Rodríguez-Henríquez 2011 (final exponentiation).

import { readFileSync, writeFileSync } from 'node:fs';

const u = -0x4000000003c012b1n;
const curveB = 2n;
const header = new URL('params.h', import.meta.url);

const assert = (condition, what) => {
  if (!condition) throw new Error(`identity does not hold: ${what}`);
};
const mod = (a, m) => ((a % m) + m) % m;
const abs = (a) => (a < 0n ? -a : a);
const bitLength = (a) => BigInt(a.toString(2).length);
const gcd = (a, b) => (b === 0n ? abs(a) : gcd(b, a % b));

const powMod = (base, exponent, m) => {
  let result = 1n;
  for (let b = mod(base, m), e = exponent; e > 0n; e >>= 1n, b = (b * b) % m)
    if (e & 1n) result = (result * b) % m;
  return result;
};
const isProbablePrime = (n) =>
  [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n].every(
    (a) => powMod(a, n - 1n, n) === 1n,
  );

// --- The family ----------------------------------------------------------------------------------

const p = 36n * u ** 4n + 36n * u ** 3n + 24n * u ** 2n + 6n * u + 1n;
const r = 36n * u ** 4n + 36n * u ** 3n + 18n * u ** 2n + 6n * u + 1n;
const t = 6n * u ** 2n + 1n;

assert(p + 1n - t === r, 'the curve has prime order r = p + 1 - t');
assert(isProbablePrime(p) && isProbablePrime(r), 'p and r are prime');
assert(bitLength(p) === 254n && r < p, 'p has 254 bits and r < p');
assert(7n * p < 1n << 256n, '7p < 2^256: room for unreduced sums');
assert(p % 8n === 3n, 'p = 3 mod 8: square roots by one power, -1 and 2 are non-squares');
assert(p % 3n === 1n && p % 9n === 1n, 'p = 1 mod 3: the endomorphism exists');

// --- Fp2 = Fp[i]/(i² + 1) as pairs [c0, c1] ------------------------------------------------------

const fp2 = {
  one: [1n, 0n],
  add: (a, b) => [mod(a[0] + b[0], p), mod(a[1] + b[1], p)],
  sub: (a, b) => [mod(a[0] - b[0], p), mod(a[1] - b[1], p)],
  mul: (a, b) => [mod(a[0] * b[0] - a[1] * b[1], p), mod(a[0] * b[1] + a[1] * b[0], p)],
  conj: (a) => [a[0], mod(-a[1], p)],
  inv: (a) => {
    const n = powMod(a[0] * a[0] + a[1] * a[1], p - 2n, p);
    return [mod(a[0] * n, p), mod(-a[1] * n, p)];
  },
  eq: (a, b) => a[0] === b[0] && a[1] === b[1],
  pow: (a, e) => {
    let result = fp2.one;
    for (const bit of e.toString(2)) {
      result = fp2.mul(result, result);
      if (bit === '1') result = fp2.mul(result, a);
    }
    return result;
  },
};

const xi = [1n, 1n];
assert(!fp2.eq(fp2.pow(xi, (p * p - 1n) / 2n), fp2.one), 'xi is not a square');
assert(!fp2.eq(fp2.pow(xi, (p * p - 1n) / 3n), fp2.one), 'xi is not a cube');

// gamma[n][j] = xi^(j·(p^n - 1)/6): the factor of w^j under the p^n-power map, w^6 = xi.
const gamma = [1n, 2n, 3n].map((n) =>
  [1n, 2n, 3n, 4n, 5n].map((j) => fp2.pow(xi, (j * (p ** n - 1n)) / 6n)),
);
for (const value of gamma[1]) assert(value[1] === 0n, 'the p²-power factors lie in Fp');
assert(gamma[1][2][0] === p - 1n, 'xi^((p²-1)/2) = -1');

// --- Curves y² = x³ + b, affine over a field given by its operations -----------------------------

const fp = {
  add: (a, b) => mod(a + b, p),
  sub: (a, b) => mod(a - b, p),
  mul: (a, b) => mod(a * b, p),
  inv: (a) => powMod(a, p - 2n, p),
  eq: (a, b) => a === b,
};
const curve = (f, b) => ({
  contains: ([x, y]) => f.eq(f.mul(y, y), f.add(f.mul(f.mul(x, x), x), b)),
  eq: (P, Q) => (P === null || Q === null ? P === Q : f.eq(P[0], Q[0]) && f.eq(P[1], Q[1])),
  add(P, Q) {
    if (P === null) return Q;
    if (Q === null) return P;
    const same = f.eq(P[0], Q[0]);
    if (same && !f.eq(P[1], Q[1])) return null;
    const xx = f.mul(P[0], P[0]);
    const slope = same
      ? f.mul(f.add(f.add(xx, xx), xx), f.inv(f.add(P[1], P[1])))
      : f.mul(f.sub(Q[1], P[1]), f.inv(f.sub(Q[0], P[0])));
    const x = f.sub(f.sub(f.mul(slope, slope), P[0]), Q[0]);
    return [x, f.sub(f.mul(slope, f.sub(P[0], x)), P[1])];
  },
  neg: (P) => P && [P[0], f.sub(f.sub(P[1], P[1]), P[1])],
  mul(k, P) {
    let sum = null;
    for (const bit of abs(k).toString(2)) {
      sum = this.add(sum, sum);
      if (bit === '1') sum = this.add(sum, P);
    }
    return k < 0n ? this.neg(sum) : sum;
  },
});

const e1 = curve(fp, curveB);
const g1 = [p - 1n, 1n];
assert(e1.contains(g1) && e1.mul(r, g1) === null, 'the G1 generator is on the curve, of order r');

const twistB = fp2.mul([curveB, 0n], fp2.inv(xi));
assert(fp2.eq(twistB, [1n, p - 1n]), 'D-type twist: b/xi = 1 - i');
const e2 = curve(fp2, twistB);
const cofactor = 2n * p - r;
const g2 = [
  [
    0x19682d2c7053b256358b2500f5c34bbb907c85bfa03e2726c0851ceee4d2ec74n,
    0x1466b9ec3e19f64aa011c937a8e99743f81b97b0c209c30f47a58e8b2e29cfe1n,
  ],
  [
    0x0a79edd972332b8dd81e22157daee2096361b33d847ec1b30cfbfcebcf0be09fn,
    0x06160c39ecc4c09035c6e4512d8d3461c2864ea569d2edebed904b228898ee9dn,
  ],
];
assert(e2.contains(g2) && e2.mul(r, g2) === null, 'the G2 generator is on the twist, of order r');
assert(cofactor % r !== 0n, 'r² does not divide the order of the twist');

// --- Endomorphisms -------------------------------------------------------------------------------

// psi = twist ∘ Frobenius ∘ untwist acts on G2 as p, and psi² - t·psi + p = 0 on the whole twist.
const psi = (P) => [fp2.mul(fp2.conj(P[0]), gamma[0][1]), fp2.mul(fp2.conj(P[1]), gamma[0][2])];
assert(e2.eq(psi(g2), e2.mul(mod(p, r), g2)), 'psi(Q) = [p]Q');
assert(e2.eq(psi(g2), e2.mul(6n * u * u, g2)), 'psi(Q) = [6u²]Q');

// alpha = (u+1) + u·psi + u·psi² - 2u·psi³ vanishes on G2. The order of its kernel on the twist
// divides gcd(norm(alpha), r·cofactor); when that is r, alpha(P) = 0 means that P is in G2.
{
  const onG2 = u + 1n + u * p + u * p ** 2n - 2n * u * p ** 3n;
  assert(mod(onG2, r) === 0n, 'alpha vanishes on G2');
  // psi² = t·psi - p, psi³ = (t² - p)·psi - t·p.
  const a = u + 1n - u * p + 2n * u * t * p;
  const b = u + u * t - 2n * u * (t * t - p);
  const norm = a * a + a * b * t + b * b * p;
  assert(gcd(norm, r * cofactor) === r, 'the subgroup test accepts nothing outside G2');
}

// phi(x, y) = (beta·x, y) acts on G1 as lambda; k = k1 + k2·lambda with short k1, k2 (GLV).
let beta = 1n;
for (let g = 2n; beta === 1n; g++) beta = powMod(g, (p - 1n) / 3n, p);
let lambda = 1n;
for (let g = 2n; lambda === 1n; g++) lambda = powMod(g, (r - 1n) / 3n, r);
if (!e1.eq([mod(beta * g1[0], p), g1[1]], e1.mul(lambda, g1))) lambda = mod(lambda * lambda, r);
assert(e1.eq([mod(beta * g1[0], p), g1[1]], e1.mul(lambda, g1)), 'phi(G) = [lambda]G');
assert(powMod(p, 4n, r) === lambda, 'raising to p⁴ in the target group is raising to lambda');
assert(mod(lambda ** 2n + lambda + 1n, r) === 0n && (beta ** 2n + beta + 1n) % p === 0n, 'order 3');

// Lagrange-Gauss reduction of the lattice { (a, b) : a + b·lambda = 0 mod r }.
let v1 = [r, 0n];
let v2 = [mod(-lambda, r), 1n];
const dot = (a, b) => a[0] * b[0] + a[1] * b[1];
const roundDiv = (a, b) => {
  const quotient = (2n * abs(a) + b) / (2n * b);
  return a < 0n ? -quotient : quotient;
};
for (;;) {
  if (dot(v2, v2) < dot(v1, v1)) [v1, v2] = [v2, v1];
  const m = roundDiv(dot(v1, v2), dot(v1, v1));
  if (m === 0n) break;
  v2 = [v2[0] - m * v1[0], v2[1] - m * v1[1]];
}
if (v1[0] * v2[1] - v1[1] * v2[0] < 0n) v2 = [-v2[0], -v2[1]];
assert(v1[0] * v2[1] - v1[1] * v2[0] === r, 'the basis spans the lattice');
for (const v of [v1, v2]) assert(mod(v[0] + v[1] * lambda, r) === 0n, 'basis in the lattice');

// c1 = k·b2/r and c2 = -k·b1/r are taken as sign·floor(k·g/2^256), wrong by less than 1.25 each
// (1 from the floor, k/2^256 < 1/4 from g), so |k1|, |k2| stay below 1.25 sums of basis entries.
const glvG1 = (abs(v2[1]) << 256n) / r;
const glvG2 = (abs(v1[1]) << 256n) / r;
for (const i of [0, 1])
  assert(
    5n * (abs(v1[i]) + abs(v2[i])) < 4n << 127n,
    'halves of a scalar fit a signed 128-bit word',
  );
assert(glvG1 < 1n << 192n && glvG2 < 1n << 192n, 'the multipliers fit three words');

// --- Pairing -------------------------------------------------------------------------------------

const naf = (n) => {
  const digits = [];
  for (let k = n; k > 0n; k >>= 1n) {
    const digit = k & 1n ? 2n - (k & 3n) : 0n;
    digits.push(digit);
    k -= digit;
  }
  return digits;
};
const value = (digits) => digits.reduceRight((sum, digit) => 2n * sum + digit, 0n);

// The Miller loop runs over |6u + 2|. A leading "1 0 -1" of the NAF is written "1 1", which saves
// a step.
const loop = naf(abs(6n * u + 2n));
if (loop.at(-1) === 1n && loop.at(-2) === 0n && loop.at(-3) === -1n) loop.splice(-3, 3, 1n, 1n);
assert(value(loop) === abs(6n * u + 2n) && u < 0n, 'digits of |6u + 2|');
assert(mod(6n * u + 2n + p - p ** 2n + p ** 3n, r) === 0n, 'optimal ate: r divides 6u+2+p-p²+p³');
const uDigits = naf(abs(u));
assert(value(uDigits) === abs(u), 'digits of |u|');
const nonZero = (digits) => digits.filter((digit) => digit !== 0n).length;
const lineCount = loop.length - 1 + nonZero(loop) - 1 + 2;

{
  const [l0, l1, l2, l3] = [
    1n + 6n * u + 12n * u ** 2n + 12n * u ** 3n,
    4n * u + 6n * u ** 2n + 12n * u ** 3n,
    6n * u + 6n * u ** 2n + 12n * u ** 3n,
    -1n + 4n * u + 6n * u ** 2n + 12n * u ** 3n,
  ];
  const multiple = 2n * u * (6n * u ** 2n + 3n * u + 1n);
  assert((p ** 4n - p ** 2n + 1n) % r === 0n, 'r divides the 12th cyclotomic polynomial at p');
  assert(
    l0 + l1 * p + l2 * p ** 2n + l3 * p ** 3n === multiple * ((p ** 4n - p ** 2n + 1n) / r),
    'hard part of the final exponentiation',
  );
  assert(gcd(multiple, r) === 1n, 'the extra exponent keeps the pairing non-degenerate');
}

// --- Output --------------------------------------------------------------------------------------

const hex64 = (a) => `0x${a.toString(16).padStart(16, '0')}`;
const words = (a, count, bits) =>
  Array.from({ length: count }, (_, i) =>
    hex64((a >> BigInt(bits * i)) & ((1n << BigInt(bits)) - 1n)),
  );
const raw = (a, count = 4) => `{${words(a, count, 64).join(', ')}}`;
// A field constant in both Montgomery forms: R = 2^256 in 64-bit words, R = 2^260 in 52-bit words.
const constant = (a) =>
  `{{${words(mod(a << 256n, p), 4, 64).join(', ')}},\n` +
  `     {${words(mod(a << 260n, p), 5, 52).join(', ')}}}`;
const constant2 = (a) => `{${constant(a[0])},\n    ${constant(a[1])}}`;
const inverse64 = (m) => {
  let inverse = 1n;
  for (let i = 0; i < 6; i++) inverse = BigInt.asUintN(64, inverse * (2n - m * inverse));
  return BigInt.asUintN(64, -inverse);
};
const modulus = (name, m, what) => {
  assert(BigInt.asUintN(64, m * inverse64(m)) === (1n << 64n) - 1n, 'Montgomery constant');
  return `// ${what}
struct ${name} {
  static constexpr uint64_t kModulus[4] = ${raw(m)};
  static constexpr uint64_t kMinusInverse = ${hex64(inverse64(m))};  // -m^-1 mod 2^64
  static constexpr uint64_t kR[4] = ${raw((1n << 256n) % m)};  // 2^256 mod m
  static constexpr uint64_t kR2[4] = ${raw((1n << 512n) % m)};  // 2^512 mod m
  static constexpr uint64_t kMinus2[4] = ${raw(m - 2n)};  // inverse = power
  static constexpr uint64_t kSqrtExponent[4] = ${raw((m + 1n) / 4n)};  // (m+1)/4
};
`;
};
const digitList = (digits) => digits.map(String).join(', ');
const sign = (a) => (a < 0n ? 'true' : 'false');
const named = (type, name, body) => `inline constexpr ${type} ${name} =\n    ${body};`;

const text = `// Generated by generate-params.mjs from u; do not edit.
// BN254CX ("BNCX", CertiVox): u = ${u < 0n ? '-' : ''}0x${abs(u).toString(16)}.
// E: y² = x³ + 2 over Fp. Twist (type D): y² = x³ + (1 - i) over Fp2 = Fp[i]/(i² + 1), xi = 1 + i.
// clang-format off
#ifndef MPIN_CORE_PARAMS_H_
#define MPIN_CORE_PARAMS_H_

#include <cstdint>

namespace mpin::params {

// A constant of Fp in the Montgomery forms of both word sizes.
struct FpConstant {
  uint64_t r256[4];  // value·2^256 mod p in 64-bit words
  uint64_t r260[5];  // value·2^260 mod p in 52-bit words
};
struct Fp2Constant {
  FpConstant c0, c1;
};

${modulus('ModulusP', p, 'p, the characteristic; 7p < 2^256.')}
${modulus('ModulusR', r, 'r, the prime order of G1 and G2.')}
// Generators.
${named('FpConstant', 'kG1X', constant(g1[0]))}
${named('FpConstant', 'kG1Y', constant(g1[1]))}
${named('Fp2Constant', 'kG2X', constant2(g2[0]))}
${named('Fp2Constant', 'kG2Y', constant2(g2[1]))}

// kFrobenius1[j-1] = xi^(j(p-1)/6): factor of w^j under the p-power map; [1] and [2] serve psi.
inline constexpr Fp2Constant kFrobenius1[5] = {
    ${gamma[0].map(constant2).join(',\n    ')}};
// kFrobenius2[j-1] = xi^(j(p²-1)/6), in Fp.
inline constexpr FpConstant kFrobenius2[5] = {
    ${gamma[1].map((a) => constant(a[0])).join(',\n    ')}};
// kFrobenius3[j-1] = xi^(j(p³-1)/6).
inline constexpr Fp2Constant kFrobenius3[5] = {
    ${gamma[2].map(constant2).join(',\n    ')}};

// phi(x, y) = (beta·x, y) = [lambda](x, y) on G1.
${named('FpConstant', 'kBeta', constant(beta))}
inline constexpr uint64_t kLambda[4] = ${raw(lambda)};

// Short basis (a1, b1), (a2, b2) of { a + b·lambda = 0 mod r } modulo 2^128, and the multipliers
// of k: c1 = ±(k·kGlvG1 >> 256), c2 = ±(k·kGlvG2 >> 256).
inline constexpr uint64_t kGlvA1[2] = ${raw(BigInt.asUintN(128, v1[0]), 2)};
inline constexpr uint64_t kGlvB1[2] = ${raw(BigInt.asUintN(128, v1[1]), 2)};
inline constexpr uint64_t kGlvA2[2] = ${raw(BigInt.asUintN(128, v2[0]), 2)};
inline constexpr uint64_t kGlvB2[2] = ${raw(BigInt.asUintN(128, v2[1]), 2)};
inline constexpr uint64_t kGlvG1[3] = ${raw(glvG1, 3)};
inline constexpr uint64_t kGlvG2[3] = ${raw(glvG2, 3)};
inline constexpr bool kGlvC1Negative = ${sign(v2[1])};
inline constexpr bool kGlvC2Negative = ${sign(-v1[1])};

// |u| and its signed digits, lowest first. u is negative.
inline constexpr uint64_t kAbsU = ${hex64(abs(u))};
inline constexpr int kUDigitCount = ${uDigits.length};
inline constexpr int8_t kUDigits[kUDigitCount] = {
    ${digitList(uDigits)}};

// Signed digits of |6u + 2| for the Miller loop, lowest first, and the number of lines it needs.
inline constexpr int kLoopDigitCount = ${loop.length};
inline constexpr int8_t kLoopDigits[kLoopDigitCount] = {
    ${digitList(loop)}};
inline constexpr int kLineCount = ${lineCount};

}  // namespace mpin::params

#endif  // MPIN_CORE_PARAMS_H_
`;

if (process.argv.includes('--check')) {
  if (readFileSync(header, 'utf8') !== text) {
    process.stderr.write(
      'params.h is not what generate-params.mjs derives: run it without --check\n',
    );
    process.exit(1);
  }
  process.stdout.write('params.h is what the generator derives\n');
} else {
  writeFileSync(header, text);
}
