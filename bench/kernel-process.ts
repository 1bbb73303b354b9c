/**
 * One kernel's share of `bench:native`, in a process of its own, because a process has one kernel:
 * MPIN_KERNEL says which. Each message from the parent asks for a slice of every case.
 */
import { addon } from '../src/crypto/addon.js';
import { coreCases } from './cases.js';
import { type Figure, Measurement } from './measure.js';

export type KernelRequest = 'slice' | 'figures';
export interface KernelAnswer {
  readonly kernel: string;
  readonly figures: readonly Figure[];
}

const measurements = coreCases().map((one) => new Measurement(one));
const { kernel } = addon;

process.on('message', (request: KernelRequest) => {
  if (request === 'slice') for (const measurement of measurements) measurement.slice();
  const figures = request === 'figures' ? measurements.map((each) => each.figure()) : [];
  process.send?.({ kernel, figures } satisfies KernelAnswer);
});
process.on('disconnect', () => process.exit());
process.send?.({ kernel, figures: [] } satisfies KernelAnswer);
