/**
 * Which library computes: our core, or AMCL where the addon was built with it. Both do the same
 * to the byte and judge alike what comes from outside, as the core's decoding stands before both.
 */
import { addon, type NativeProvider } from './addon.js';

/** `core` is the default everywhere. */
export type CryptoProvider = 'core' | 'amcl';

let amclWorks = false;

/** The provider that a configuration names, for sure to be had; throws an Error as `providerOf`. */
export function demandProvider(name: string): CryptoProvider {
  if (name !== 'core' && name !== 'amcl') {
    throw new TypeError(`the crypto provider must be core or amcl, got ${name}`);
  }
  providerOf(name);
  return name;
}

/**
 * The functions of a provider. Throws an Error that says what to do when this build has no AMCL,
 * or when the one it has does not compute what deployed clients do.
 */
export function providerOf(name: CryptoProvider): NativeProvider {
  if (name === 'core') return addon;
  const { amcl } = addon;
  if (amcl === null) {
    throw new Error(
      'not built with AMCL: set AMCL_ROOT to where milagro-crypto-c 2.0.1 with the curve BN254CX ' +
        'is installed, run `npm run install`, or use cryptoProvider core',
    );
  }
  if (!amclWorks && !amcl.selfTest()) throw new Error('the self test of AMCL failed');
  amclWorks = true;
  return amcl;
}
