/**
 * Options that the relying party gives at run time (contract §6, 5): fetched from
 * dynamicOptionsURL at the start and whenever somebody POSTs to /dynamicOptions.
 */
import type { LiveOptions } from '../config/live.js';
import type { OptionTable } from '../config/option.js';
import { readValue } from '../config/value.js';
import { type Answer, answer, type JsonObject, type Route } from '../http/call.js';
import type { Outgoing } from '../http/outgoing.js';
import { Repeat, retryMs } from '../ops/repeat.js';
import type { RoleContext } from '../ops/role.js';
import { VERSION } from './replies.js';

/** Our names of the options that may come so, by their names on the wire. */
const LOCAL_NAMES: ReadonlyMap<string, string> = new Map([
  ['time_synchronization', 'syncTime'],
  ['time_synchronization_period', 'timePeriod'],
  ['mobile_use_native', 'mobileUseNative'],
  ['mobile_client_config', 'mobileConfig'],
  ['mobile_service', 'mobileService'],
]);

export interface DynamicOptionsParts extends Pick<RoleContext, 'log'> {
  /** Empty turns the whole thing off. */
  readonly url: string;
  readonly table: OptionTable;
  readonly live: Pick<LiveOptions<OptionTable>, 'options' | 'apply'>;
  readonly outgoing: Pick<Outgoing, 'getJson'>;
}

export class DynamicOptions {
  readonly #parts: DynamicOptionsParts;
  readonly #names: readonly (readonly [remote: string, local: string])[];
  readonly #repeat = new Repeat(() => this.#fetch());
  #failure: string | undefined;
  /** Failures in a row before the first success: an RPA that starts after us is waited for. */
  #failures = 0;
  #fetched = false;

  constructor(parts: DynamicOptionsParts) {
    this.#parts = parts;
    this.#names = [...LOCAL_NAMES].filter(([, local]) => Object.hasOwn(parts.table, local));
  }

  /** The first fetch; resolves when it is over, and a failed one is repeated until one succeeds. */
  async start(): Promise<void> {
    if (this.#parts.url !== '') await this.#repeat.now();
  }

  stop(): void {
    this.#repeat.stop();
  }

  routes(): Route[] {
    const common = { path: '/dynamicOptions', access: 'private' } as const;
    return [
      { ...common, method: 'GET', handle: () => this.#guarded(() => this.#current()) },
      { ...common, method: 'POST', handle: () => this.#guarded(() => this.#refresh()) },
    ];
  }

  #guarded(handle: () => Answer | Promise<Answer>): Answer | Promise<Answer> {
    if (this.#parts.url !== '') return handle();
    return answer(403, { version: VERSION, message: 'Dynamic options are disabled' });
  }

  #current(): Answer {
    const values: JsonObject = this.#parts.live.options;
    return answer(200, Object.fromEntries(this.#names.map(([name, ours]) => [name, values[ours]])));
  }

  async #refresh(): Promise<Answer> {
    await this.#repeat.now();
    const message = this.#failure ?? 'OK';
    return answer(this.#failure === undefined ? 200 : 500, { version: VERSION, message });
  }

  async #fetch(): Promise<number | undefined> {
    const { url, live, outgoing, log } = this.#parts;
    try {
      live.apply(this.#read(await outgoing.getJson(url)));
      this.#failure = undefined;
      this.#fetched = true;
      return undefined;
    } catch (error) {
      this.#failure = `No dynamic options: ${(error as Error).message}`;
      log.warn(this.#failure);
      this.#failures += 1;
      return this.#fetched ? undefined : retryMs(this.#failures);
    }
  }

  /** All or nothing: one wrong value, and none of them is taken. Unknown names mean others. */
  #read(remote: JsonObject): JsonObject {
    const changes: JsonObject = {};
    for (const [name, local] of this.#names) {
      const spec = this.#parts.table[local];
      if (spec === undefined || !Object.hasOwn(remote, name)) continue;
      const raw = remote[name];
      changes[local] = raw === null ? spec.initial : readValue(spec, raw, name);
    }
    return changes;
  }
}
