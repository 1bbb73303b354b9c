/** What an RPS does beside its requests: it keeps the time, and options that come at run time. */
import { serviceBytes } from '../config/entropy.js';
import type { LiveOptions } from '../config/live.js';
import { rpsOptions } from '../config/rps.js';
import { concernsTime } from '../config/time.js';
import type { Route } from '../http/call.js';
import type { Outgoing } from '../http/outgoing.js';
import { mixInService } from '../ops/entropy.js';
import type { RoleContext } from '../ops/role.js';
import { TimeSync } from '../ops/time-sync.js';
import type { OffsetClock } from '../protocol/clock.js';
import { DynamicOptions } from './dynamic-options.js';

export interface BackgroundParts extends Pick<RoleContext, 'log'> {
  readonly live: LiveOptions<typeof rpsOptions>;
  readonly credentials: { readonly apiUrl: string };
  readonly outgoing: Outgoing;
  readonly clock: OffsetClock;
}

export class Background {
  readonly #parts: BackgroundParts;
  readonly #time: TimeSync;
  readonly #dynamic: DynamicOptions;

  constructor(parts: BackgroundParts) {
    const { live, credentials, outgoing, clock, log } = parts;
    const { options } = live;
    this.#parts = parts;
    this.#time = new TimeSync({
      clock,
      ask: () => outgoing.getJson(`${credentials.apiUrl}time`),
      settings: options,
      log,
    });
    const url = options.dynamicOptionsURL;
    this.#dynamic = new DynamicOptions({ url, table: rpsOptions, live, outgoing, log });
    live.onChange((changed) => {
      if (concernsTime(changed)) void this.#time.now();
    });
  }

  /** Resolves once each has been tried: signatures need the time. Never rejects. */
  async start(): Promise<void> {
    await Promise.all([this.#entropy(), this.#dynamic.start(), this.#time.now()]);
  }

  stop(): void {
    this.#time.stop();
    this.#dynamic.stop();
  }

  routes(): Route[] {
    return this.#dynamic.routes();
  }

  #entropy(): Promise<void> {
    const { live, outgoing, log } = this.#parts;
    const { entropyURL: url } = live.options;
    return mixInService(serviceBytes(live.options), {
      url,
      ask: (address) => outgoing.getText(address),
      log,
    });
  }
}
