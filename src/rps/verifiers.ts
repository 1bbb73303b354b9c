/**
 * The workers that check logins, for each server secret that identities were made with. There is
 * one, but while an authority rotates its secret; then a login is tried under the likeliest first.
 */
import { createHash } from 'node:crypto';
import type { PinErrorPool } from '../crypto/pin-errors.js';
import type { RecordFields, VerifierPool, VerifierStats } from '../crypto/pool.js';
import { parseMpinId } from '../protocol/mpin-id.js';
import type { DatedShare } from './authority.js';

/** What the routes see of the workers. */
export interface LoginVerifier {
  /**
   * Index of the first accepted record, or −1.
   * @param mpinId whose records they are; tells which secret is the likeliest
   */
  findAccepted(group: readonly RecordFields[], mpinId?: string): Promise<number>;
}

/** What works with one server secret. */
export interface Workers {
  readonly pool: VerifierPool;
  /** Where PIN errors are asked for. */
  readonly pinErrors: PinErrorPool | undefined;
}

interface Generation extends Workers {
  readonly fromMs: number;
  /** SHA-256 of the secret: tells it from others without keeping it. */
  readonly mark: string;
}

export class Verifiers implements LoginVerifier {
  readonly #start: (serverSecret: Uint8Array) => Workers;
  /** Newest first. */
  #generations: readonly Generation[] = [];

  /** @param start starts the workers of one secret, which it copies */
  constructor(start: (serverSecret: Uint8Array) => Workers) {
    this.#start = start;
  }

  /**
   * Works with these secrets from now on, newest first, and wipes the given ones. Workers of a
   * secret that stays go on; those of one that is gone end once their logins are checked.
   * @returns false when they are what it works with already
   */
  async replace(secrets: readonly DatedShare[]): Promise<boolean> {
    const before = this.#generations;
    const marked = secrets.map(({ fromMs, share }) => ({ fromMs, share, mark: markOf(share) }));
    const nameOf = ({ fromMs, mark }: { fromMs: number; mark: string }) => `${fromMs} ${mark}`;
    const changed = marked.map(nameOf).join() !== before.map(nameOf).join();
    if (changed) {
      this.#generations = marked.map(({ fromMs, share, mark }) => {
        const known = before.find((generation) => generation.mark === mark);
        const { pool, pinErrors } = known ?? this.#start(share);
        return { fromMs, mark, pool, pinErrors };
      });
    }
    for (const { share } of secrets) share.fill(0);
    const kept = new Set(this.#generations.map(({ pool }) => pool));
    const gone = before.filter(({ pool }) => !kept.has(pool));
    await Promise.all(gone.map(closeWorkers));
    return changed;
  }

  /** False until there is a secret. */
  get ready(): boolean {
    return this.#generations.length > 0;
  }

  findAccepted(group: readonly RecordFields[], mpinId = ''): Promise<number> {
    const [first] = this.#generations;
    if (first !== undefined && this.#generations.length === 1)
      return first.pool.findAccepted(group);
    return this.#findUnderAny(group, mpinId);
  }

  /** A wrong login is tried under every secret, a right one mostly under its own alone. */
  async #findUnderAny(group: readonly RecordFields[], mpinId: string): Promise<number> {
    for (const { pool } of likeliestFirst(this.#generations, mpinId)) {
      const accepted = await pool.findAccepted(group);
      if (accepted !== -1) return accepted;
    }
    return -1;
  }

  /** Under the first secret that finds one. As `pinError` of a PinErrorPool. */
  async pinError(record: RecordFields): Promise<number | null> {
    for (const { pinErrors } of this.#generations) {
      const error = await pinErrors?.pinError(record);
      if (typeof error === 'number') return error;
    }
    return null;
  }

  get inFlight(): number {
    return this.#generations.reduce((sum, { pool }) => sum + pool.inFlight, 0);
  }

  get expectedWaitMs(): number {
    return Math.max(...this.#generations.map(({ pool }) => pool.expectedWaitMs));
  }

  /** Counters of all, and the present state of all together. */
  stats(): VerifierStats {
    const [first, ...others] = this.#generations.map(({ pool }) => pool.stats());
    return others.reduce(added, first as VerifierStats);
  }

  async close(): Promise<void> {
    await Promise.all(this.#generations.map(closeWorkers));
  }
}

async function closeWorkers({ pool, pinErrors }: Workers): Promise<void> {
  await Promise.all([pool.close(), pinErrors?.close()]);
}

/** The secret in use when the identity was made, and then the others: they may be of any time. */
function likeliestFirst(generations: readonly Generation[], mpinId: string): readonly Generation[] {
  const issuedMs = issuedMsOf(mpinId);
  const likeliest = generations.find(({ fromMs }) => fromMs <= issuedMs);
  if (likeliest === undefined) return generations;
  return [likeliest, ...generations.filter((generation) => generation !== likeliest)];
}

/** When an identity says that it was made: good for a guess. NaN when it does not say. */
function issuedMsOf(mpinId: string): number {
  const SECONDS_LENGTH = 19;
  const issued = parseMpinId(mpinId)?.issued ?? '';
  return Date.parse(`${issued.replace(' ', 'T').slice(0, SECONDS_LENGTH)}Z`);
}

function added(a: VerifierStats, b: VerifierStats): VerifierStats {
  const sums = Object.entries(a).map(([name, value]) => {
    const other = b[name as keyof VerifierStats];
    return [name, typeof value === 'number' && typeof other === 'number' ? value + other : value];
  });
  return {
    ...(Object.fromEntries(sums) as VerifierStats),
    batchMax: Math.max(a.batchMax, b.batchMax),
    failureRate: Math.max(a.failureRate, b.failureRate),
  };
}

function markOf(secret: Uint8Array): string {
  return createHash('sha256').update(secret).digest('hex');
}
