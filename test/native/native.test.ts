/** The native core's own tests, compiled as shipped, with each kernel that this CPU has. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { addon } from '../../src/crypto/addon.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

t.test('the tests of the core pass with each kernel, and fuzzing breaks no rule', async (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['native/check.mjs', 'release'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  t.equal(status, 0, `${stdout}${stderr}`);
  for (const kernel of new Set(['portable', addon.kernel])) t.match(stdout, `, ${kernel}\n`);
});
