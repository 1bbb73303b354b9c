/** What the cases of the store's contract are about, and made of. */
import { randomBytes } from 'node:crypto';
import type { Test } from 'tap';
import type { Attempt, Challenge, Registration, Store } from '../../src/store/store.js';

/** One backend, empty, with a way to let time pass. */
export interface StoreUnderTest {
  readonly store: Store;
  now(): number;
  /** Lets at least `ms` milliseconds pass on the backend's clock. */
  pass(ms: number): Promise<void>;
}

export type StoreFactory = () => StoreUnderTest | Promise<StoreUnderTest>;

export type Case = (t: Test, subject: StoreUnderTest) => Promise<void>;

/** Lives in the suite: short enough to wait for on a real clock, long enough for slow machines. */
export const LIFE_MS = 1_000;
export const LONG_LIFE_MS = 600_000;
export const DAY_MS = 86_400_000;
export const PARALLEL = 300;

export const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
export const newMpinId = (): string => hex(120);

/** A token that results of this identity can be kept under. */
export function authOTTFor(store: Store, mpinId: string): string {
  const token = hex(16);
  return store.authOTTFor?.(mpinId, token) ?? token;
}

export function newChallenge(peer: string): Challenge {
  return { id: hex(8), peer, u: randomBytes(65), ut: randomBytes(65), y: randomBytes(32) };
}

export function newRegistration(mpinId: string, expiresAtMs: number): Registration {
  return {
    mpinId,
    userId: 'jo@example.com',
    mobile: 0,
    regOTT: hex(16),
    deviceName: 'a device',
    active: false,
    activations: 0,
    issued: false,
    expiresAtMs,
  };
}

export function wrong(mpinId: string, more: Partial<Attempt> = {}): Attempt {
  const proof = { proven: false } as const;
  return { mpinId, proof, resultLifeMs: LONG_LIFE_MS, failuresMax: 3, ...more };
}

export function right(mpinId: string, challengeId?: string, more: Partial<Attempt> = {}): Attempt {
  const proof =
    challengeId === undefined
      ? ({ proven: true } as const)
      : ({ proven: true, challengeId } as const);
  return { ...wrong(mpinId), proof, ...more };
}
