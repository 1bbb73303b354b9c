/** Registrations under way, each as JSON. */
import { hash } from 'node:crypto';
import type { Registration } from '../store.js';
import { type Counts, demandRoom } from './counts.js';
import type { Records } from './engine.js';
import { livePayload, type Stored, Table } from './table.js';

export interface RegistrationLimits {
  readonly registrationsMax: number;
  readonly bytesMax: number;
}

/** What has no `nowMs` or is given a record may be called at any time, else in a transaction. */
export class Registrations {
  readonly #limits: RegistrationLimits;
  readonly #counts: Counts;
  readonly #table: Table;

  constructor(records: Records, counts: Counts, limits: RegistrationLimits) {
    this.#limits = limits;
    this.#counts = counts;
    this.#table = new Table({ records, counts, kind: 'G', counted: 'registrations' });
  }

  keyOf(mpinId: string): Buffer {
    return this.#table.keyOf(hash('sha256', Buffer.from(mpinId, 'hex'), 'buffer'));
  }

  registrationIn(stored: Stored | undefined, nowMs: number): Registration | undefined {
    const payload = livePayload(stored, nowMs);
    return payload && (JSON.parse(payload.toString()) as Registration);
  }

  *allIn(
    entries: Iterable<{ key: Buffer; value: Stored }>,
    nowMs: number,
  ): Generator<Registration> {
    for (const { key, value } of entries) {
      if (!this.#table.isKey(key)) continue;
      const registration = this.registrationIn(value, nowMs);
      if (registration !== undefined) yield registration;
    }
  }

  /** As Store.putRegistration says. */
  put(registration: Registration, nowMs: number): void {
    this.#table.clearSome(nowMs);
    const key = this.keyOf(registration.mpinId);
    const before = this.#table.get(key);
    if (before === undefined) {
      const { registrationsMax, bytesMax } = this.#limits;
      demandRoom(this.#counts, { registrations: registrationsMax, bytes: bytesMax });
    }
    const known = this.registrationIn(before, nowMs);
    const confirmed = known !== undefined && known.activations > registration.activations;
    const entry = confirmed
      ? { ...registration, active: true, activations: known.activations }
      : registration;
    this.#save(key, entry, before);
  }

  /** False when there is no live one. */
  update(mpinId: string, change: (old: Registration) => Registration, nowMs: number): boolean {
    const key = this.keyOf(mpinId);
    const stored = this.#table.get(key);
    const known = this.registrationIn(stored, nowMs);
    if (known === undefined) return false;
    this.#save(key, change(known), stored);
    return true;
  }

  drop(mpinId: string, onlyIssued: boolean, nowMs: number): void {
    const key = this.keyOf(mpinId);
    const stored = this.#table.get(key);
    if (stored === undefined) return;
    if (onlyIssued && this.registrationIn(stored, nowMs)?.issued !== true) return;
    this.#table.remove(key, stored);
  }

  #save(key: Buffer, registration: Registration, before: Stored | undefined): void {
    const payload = Buffer.from(JSON.stringify(registration));
    this.#table.put(key, payload, Math.ceil(registration.expiresAtMs), before);
  }
}
