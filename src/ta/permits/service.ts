/**
 * The time permits service: publishes today's and the next days' hosted shares for the identities
 * that have asked, on request and in a run each day, to a folder, a bucket or both. It stands
 * beside the D-TA, whose threads make its shares, and not in the proxy, which only says who has
 * asked.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { PermitsOptions } from '../../config/permits.js';
import type { Clock } from '../../protocol/clock.js';
import type { AuthorityShares } from '../keyring.js';
import { PermitCalendar } from './calendar.js';
import { PermitFolder } from './folder.js';
import {
  type Identity,
  isPublishable,
  type PermitPlace,
  type PermitStorage,
} from './permit-storage.js';
import { Publisher } from './publisher.js';
import { RequestQueue } from './request-queue.js';
import { type RunParts, runPermits } from './run.js';
import { SeenIdentities } from './seen-identities.js';

/** Milliseconds between two looks at the clock, which may be set, or stand still in a sleep. */
const LOOK_EVERY_MS = 60_000;
/** Milliseconds before a run that has failed is gone on with; twice as long each time. */
const RERUN_MS = 60_000;
const RERUN_MS_MAX = 900_000;

export interface PermitsParts {
  readonly shares: Pick<AuthorityShares, 'timePermits'>;
  /** Of registered applications, those that are not disabled. */
  readonly isServed: (appId: string) => boolean;
  readonly isRevoked: (storageId: string) => boolean;
  readonly log: Logger;
  readonly clock: Clock;
}

/** What all that publishes stands on: the service and the command `mpin permits run`. */
export interface PermitsGround extends RunParts {
  readonly folder: PermitFolder | undefined;
  close(): Promise<void>;
}

/** True when the options name a place to publish to. */
export function isPublishing({ permitsFolder, permitsBucket }: PermitsOptions): boolean {
  return permitsFolder !== '' || permitsBucket !== '';
}

/**
 * Opens the storages and the list of identities.
 * @throws PermitStorageError when a folder cannot be used
 */
export async function openPermits(
  options: PermitsOptions,
  { shares, log, clock, isServed, isRevoked }: PermitsParts,
): Promise<PermitsGround> {
  const calendar = new PermitCalendar(options, clock);
  const { permitsFolder, permitsBucket } = options;
  const folder =
    permitsFolder === '' ? undefined : await PermitFolder.open(permitsFolder, clock.now());
  const storages: PermitStorage[] = folder === undefined ? [] : [folder];
  if (permitsBucket !== '') {
    // The SDK takes a while to load: only who needs it waits for it.
    const { PermitBucket } = await import('./bucket.js');
    storages.push(new PermitBucket(options));
  }
  const max = options.permitsIdentitiesMax;
  const identities = new SeenIdentities(options.permitsIdentitiesFolder, { max, log });
  return {
    folder,
    identities,
    publisher: new Publisher(shares, storages),
    calendar,
    clock,
    isServed: (appId) => isPublishable(appId) && isServed(appId),
    isRevoked,
    close: async () => {
      await identities.close();
      for (const storage of storages) await storage.close();
    },
  };
}

export class PermitsService {
  readonly #ground: PermitsGround;
  readonly #queue: RequestQueue;
  readonly #log: Logger;
  readonly #end = new AbortController();
  readonly #running: Promise<void>;
  #isFull = false;

  private constructor(ground: PermitsGround, { log, queueMax }: { log: Logger; queueMax: number }) {
    this.#ground = ground;
    this.#log = log;
    this.#queue = new RequestQueue({ ...ground, log, queueMax });
    this.#running = this.#runOn();
  }

  /** Starts the service; the first run goes on with what an earlier process has not ended. */
  static async start(options: PermitsOptions, parts: PermitsParts): Promise<PermitsService> {
    const ground = await openPermits(options, parts);
    return new PermitsService(ground, { log: parts.log, queueMax: options.permitsQueueMax });
  }

  /**
   * An identity has asked for a share and got it; nobody waits for what follows.
   * @param anew it has got a client secret, so that earlier permits may be of another master secret
   */
  seen(identity: Identity, { anew }: { readonly anew: boolean }): void {
    const { identities, calendar, isServed } = this.#ground;
    if (!isServed(identity.appId)) return;
    const isKept = identities.see(identity, calendar.today);
    if (!isKept && !this.#isFull) {
      this.#log.error('permitsIdentitiesMax is reached: permits of others are not published');
    }
    this.#isFull = !isKept;
    if (isKept) this.#queue.offer(identity, { anew });
  }

  /** The share published at a place, unless its identity or application gets none any more. */
  async read(place: PermitPlace): Promise<string | undefined> {
    const { folder, isServed, isRevoked } = this.#ground;
    if (isRevoked(place.storageId) || !isServed(place.appId)) return undefined;
    return folder?.read(place);
  }

  /** What a run has done up to now is kept. */
  async stop(): Promise<void> {
    this.#end.abort(new Error('stopped: the next start goes on'));
    await this.#queue.stop();
    await this.#running;
    await this.#ground.close();
  }

  /** A run now, and one whenever the calendar moves on. */
  async #runOn(): Promise<void> {
    const { calendar } = this.#ground;
    const { signal } = this.#end;
    let failures = 0;
    while (!signal.aborted) {
      // Before the run: it may last until the calendar has moved on.
      const nextMs = calendar.nextRunMs;
      failures = (await this.#run()) ? 0 : failures + 1;
      const rerunMs = Math.min(RERUN_MS_MAX, RERUN_MS * 2 ** (failures - 1));
      await (failures > 0 ? this.#sleep(rerunMs) : this.#until(nextMs));
    }
  }

  async #run(): Promise<boolean> {
    try {
      const { pid, startedMs, updatedMs, ...done } = await runPermits(this.#ground, this.#end);
      this.#log.info({ ...done, ms: updatedMs - startedMs }, 'permits are published');
      return true;
    } catch (error) {
      const words = `the run of permits has not come to its end: ${(error as Error).message}`;
      if (!this.#end.signal.aborted) this.#log.error(words);
      return false;
    }
  }

  async #until(ms: number): Promise<void> {
    const { clock } = this.#ground;
    for (let left = ms - clock.now(); left > 0; left = ms - clock.now()) {
      if (this.#end.signal.aborted) return;
      await this.#sleep(Math.min(left, LOOK_EVERY_MS));
    }
  }

  #sleep(ms: number): Promise<void> {
    const { signal } = this.#end;
    return sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
