/** A process with a role in it, for ops.test.ts: its behaviour is chosen by its argument. */

import { runUntilStopped } from '../../src/ops/lifecycle.js';
import { createLog } from '../../src/ops/log.js';

const [behaviour = ''] = process.argv.slice(2);
// Keeps the process alive as a listening server would.
const server = setInterval(() => {}, 1_000);

const stops: Record<string, () => Promise<void>> = {
  'slow stop': () => new Promise(() => {}),
  'bad stop': () => Promise.reject(new Error('cannot stop')),
};

void runUntilStopped(
  {
    address: 'http://127.0.0.1:1',
    ready: behaviour === 'not ready' ? Promise.reject(new Error('no secret')) : Promise.resolve(),
    ...(behaviour === 'reload' ? { reload: () => void process.stdout.write('reloaded\n') } : {}),
    stop: async () => {
      process.stdout.write('stopped\n');
      await stops[behaviour]?.();
      clearInterval(server);
    },
  },
  { log: createLog({ level: 'INFO', name: 'child' }), graceMs: 300 },
);
process.stdout.write('running\n');
if (behaviour === 'throw') setTimeout(() => (undefined as unknown as () => void)(), 10);
if (behaviour === 'reject') void Promise.reject(new Error('nobody cares'));
