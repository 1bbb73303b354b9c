/** The choice of a kernel, and the tests of the protocol with those that are not the default. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { addon } from '../../src/crypto/addon.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KERNELS = ['portable', 'adx', 'ifma'] as const;
const ADDON = JSON.stringify(`${ROOT}/build/native/Release/mpin.node`);
/** Our tests that exercise every function of a kernel; the oracle in them is the same for all. */
const CRYPTO_TESTS = ['protocol', 'bad-input'];

interface Choice {
  readonly kernel: string;
  readonly error: string | null;
  readonly works: boolean;
}

/** What a fresh process says when it is asked for a kernel, or for none. */
function choose(wanted: string): Choice {
  const program = `
    const addon = require(${ADDON});
    const { kernel, kernelError: error } = addon;
    process.stdout.write(JSON.stringify({ kernel, error, works: addon.selfTest() }));
  `;
  const env = { ...process.env, MPIN_KERNEL: wanted };
  return JSON.parse(spawnSync(process.execPath, ['-e', program], { env, encoding: 'utf8' }).stdout);
}

const available = KERNELS.filter((kernel) => choose(kernel).error === null);

t.test('each kernel can be had by name, or its absence is an error', async (t) => {
  t.ok(available.includes('portable'), 'portable is always there');
  for (const wanted of KERNELS) {
    const { kernel, error, works } = choose(wanted);
    if (error === null) t.same({ kernel, works }, { kernel: wanted, works: true });
    else
      t.match(error, /^MPIN_KERNEL names a kernel that this (CPU|build) does not (support|have)$/);
  }
  t.equal(choose('').kernel, available.at(-1), 'the best one is chosen unasked');
  for (const wrong of ['abacus', 'ADX', 'adx ', 'ifma,adx']) {
    t.match(choose(wrong).error, /^MPIN_KERNEL names a kernel that this build does not have$/);
  }
});

t.test('the tests of the protocol pass with the kernels that are not the chosen one', async (t) => {
  for (const kernel of available.filter((name) => name !== addon.kernel)) {
    for (const name of CRYPTO_TESTS) {
      const file = fileURLToPath(new URL(`../crypto/${name}.test.ts`, import.meta.url));
      const { status, stdout, stderr } = spawnSync(process.execPath, [...process.execArgv, file], {
        cwd: ROOT,
        encoding: 'utf8',
        env: { ...process.env, MPIN_KERNEL: kernel },
      });
      t.equal(status, 0, `${name}, ${kernel}: ${status === 0 ? '' : `${stdout}${stderr}`}`);
      t.match(stdout, /^# \{ total: \d{3,}|^1\.\.\d+$/m, 'and they were run');
    }
  }
});
