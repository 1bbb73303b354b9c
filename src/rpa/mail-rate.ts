/** How often one address may be written to: anyone can register in anyone's name. */
import type { Clock } from '../protocol/clock.js';

/** Mails to one address within the window: some are lost, and some people try twice. */
const MAILS_MAX = 5;
const WINDOW_MS = 3_600_000;
/** Addresses remembered: a few megabytes. The oldest is forgotten when one more comes. */
const ADDRESSES_MAX = 50_000;

interface Window {
  readonly endsAtMs: number;
  count: number;
}

export class MailRate {
  readonly #clock: Clock;
  /** In the order in which their windows began, which is the order of their ends. */
  readonly #windows = new Map<string, Window>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts a mail; false when this address had enough of them. */
  take(address: string): boolean {
    const now = this.#clock.now();
    for (const [key, { endsAtMs }] of this.#windows) {
      if (endsAtMs > now && this.#windows.size < ADDRESSES_MAX) break;
      this.#windows.delete(key);
    }
    const key = address.toLowerCase();
    const window = this.#windows.get(key) ?? { endsAtMs: now + WINDOW_MS, count: 0 };
    if (window.count >= MAILS_MAX) return false;
    window.count += 1;
    this.#windows.set(key, window);
    return true;
  }
}
