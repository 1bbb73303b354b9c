/**
 * The curve BN254CX of milagro-crypto-js, and nothing else of it: its own entry point brings 25
 * curves, RSA and post-quantum schemes. Clients only compute in G1, so the extension fields and
 * the pairing's loops are left out too; `PAIR` here is only the fast multiplication in G1.
 */
import big from 'milagro-crypto-js/src/big.js';
import ecp from 'milagro-crypto-js/src/ecp.js';
import fp from 'milagro-crypto-js/src/fp.js';
import hash256 from 'milagro-crypto-js/src/hash256.js';
import mpin from 'milagro-crypto-js/src/mpin.js';
import pair from 'milagro-crypto-js/src/pair.js';
import romCurve from 'milagro-crypto-js/src/rom_curve.js';
import romField from 'milagro-crypto-js/src/rom_field.js';

/** Bytes as the library likes them. */
export type Octets = number[];

/** The client's side of its MPIN object. Results are status codes, 0 for success. */
export interface Mpin {
  readonly INVALID_POINT: number;
  RECOMBINE_G1(a: Octets, b: Octets, out: Octets): number;
  EXTRACT_PIN(sha: number, id: Octets, pin: number, secretThenToken: Octets): number;
  CLIENT_1(
    sha: number,
    date: number,
    id: Octets,
    rng: null,
    x: Octets,
    pin: number,
    token: Octets,
    sec: Octets,
    u: Octets,
    ut: Octets | null,
    permit: Octets | null,
  ): number;
  CLIENT_2(x: Octets, y: Octets, secThenV: Octets): number;
}

/** What the library's own table says of BN254CX: word size, field and kind of twist. */
const BN254CX = {
  BITS: '256',
  FIELD: 'BN254CX',
  CURVE: 'BN254CX',
  '@NB': 32,
  '@BASE': 24,
  '@NBT': 254,
  '@M8': 3,
  '@MT': 0,
  '@CT': 0,
  '@PF': 1,
  '@ST': 0,
  '@SX': 1,
};

/** Its parts find one another through this object, so the order of the assignments matters. */
function build(): Mpin {
  const context: Record<string, unknown> = { config: BN254CX };
  const add = (name: string, makers: typeof big, maker = name): void => {
    context[name] = makers[maker]?.(context);
  };
  add('HASH256', hash256);
  add('BIG', big);
  add('DBIG', big);
  add('ROM_CURVE', romCurve, 'ROM_CURVE_BN254CX');
  add('ROM_FIELD', romField, 'ROM_FIELD_BN254CX');
  add('FP', fp);
  add('ECP', ecp);
  add('PAIR', pair);
  add('MPIN', mpin);
  return context['MPIN'] as Mpin;
}

export const mpinOfMilagro: Mpin = build();
