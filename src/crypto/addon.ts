/**
 * Loads the native core, and says exactly what is wrong when it cannot be used. Only this folder
 * may import it; everyone else goes through index.ts or pool.ts.
 */
import { createRequire } from 'node:module';
import { RECORD_BYTES } from './record.js';

/** Changes whenever the meaning of the export table does (native/addon/addon.cpp). */
const ABI = 3;

/** One of the STATUS numbers of errors.ts. */
type Status = number;

/** The prepared server secret; every call but `prepare` and `close` throws while there is none. */
export interface NativeVerifier {
  prepare(serverSecret: Uint8Array): Status;
  /** `failureRate` is a hint, 0 … 1: a core that has only one way to check a batch ignores it. */
  verifyBatch(statuses: Int8Array, records: Uint8Array, failureRate: number): void;
  pinError(record: Uint8Array): number | null;
  close(): void;
}

/** The protocol by one library: outputs first, filled with zeros on any status but 0. */
export interface NativeProvider {
  selfTest(): boolean;
  serverSecretShare(out: Uint8Array, master: Uint8Array): Status;
  clientSecretShares(out: Uint8Array, master: Uint8Array, hashes: Uint8Array): Status;
  timePermitShares(
    out: Uint8Array,
    master: Uint8Array,
    hash: Uint8Array,
    dates: Uint32Array,
  ): Status;
  addG1(out: Uint8Array, a: Uint8Array, b: Uint8Array): Status;
  addG2(out: Uint8Array, a: Uint8Array, b: Uint8Array): Status;
  extractPin(token: Uint8Array, hash: Uint8Array, pin: number, clientSecret: Uint8Array): Status;
  clientPass1(
    u: Uint8Array,
    ut: Uint8Array,
    sec: Uint8Array,
    hash: Uint8Array,
    pin: number,
    token: Uint8Array,
    timePermit: Uint8Array | null,
    date: number,
    x: Uint8Array,
  ): Status;
  clientPass2(v: Uint8Array, x: Uint8Array, y: Uint8Array, sec: Uint8Array): Status;
  readonly Verifier: new () => NativeVerifier;
}

/** The export table, which is itself the core as a provider. */
export interface Addon extends NativeProvider {
  readonly abi: number;
  readonly recordBytes: number;
  /** `portable`, `adx` or `ifma`. */
  readonly kernel: string;
  /** Why MPIN_KERNEL cannot be obeyed, or null. */
  readonly kernelError: string | null;
  /** AMCL as a provider and its version; null in a build without. */
  readonly amcl: NativeProvider | null;
  readonly amclVersion: string | null;

  hashId(out: Uint8Array, id: Uint8Array): Status;
  randomScalar(out: Uint8Array): Status;
  /** True when the pages under these bytes stay out of swap as long as they are mapped. */
  lockMemory(bytes: Uint8Array): boolean;
}

/**
 * Takes the addon and refuses one that does not fit this code or this machine.
 * `read` gives the module's exports; tests hand in others.
 */
export function loadAddon(read: () => unknown): Addon {
  const addon = readAddon(read);
  if (addon.abi !== ABI || addon.recordBytes !== RECORD_BYTES) {
    throw new Error(
      `the native core was built from another version (interface ${addon.abi}, expected ${ABI}; ` +
        `records of ${addon.recordBytes} bytes, expected ${RECORD_BYTES}): run \`npm run install\``,
    );
  }
  if (addon.kernelError !== null) throw new Error(`the native core: ${addon.kernelError}`);
  if (!addon.selfTest()) {
    throw new Error(`the self test of the native core failed (kernel ${addon.kernel})`);
  }
  return addon;
}

function readAddon(read: () => unknown): Addon {
  try {
    return read() as Addon;
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND';
    const what = missing ? 'is not built' : 'was not built for this machine or cannot be loaded';
    throw new Error(`the native core ${what}: run \`npm run install\``, { cause });
  }
}

export const addon: Addon = loadAddon(() => createRequire(import.meta.url)('#native'));
