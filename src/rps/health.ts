/** GET /health/live and /health/ready, for balancers and supervisors. Private. */
import { PoolError, type VerifierPool } from '../crypto/pool.js';
import { answer, type Route } from '../http/call.js';
import { type Check, Health } from '../ops/health.js';
import type { Store } from '../store/store.js';

const POINT_BYTES = 65;
const SCALAR_BYTES = 32;

/** A record that no worker accepts: its points are none. */
const NO_LOGIN = {
  hashMpinId: new Uint8Array(SCALAR_BYTES),
  date: 0,
  u: new Uint8Array(POINT_BYTES),
  ut: new Uint8Array(0),
  v: new Uint8Array(POINT_BYTES),
  y: new Uint8Array(SCALAR_BYTES),
};

type Pool = Pick<VerifierPool, 'findAccepted'>;

interface HealthParts {
  readonly store: Pick<Store, 'ping'>;
  /** Undefined until the authorities have given their shares. */
  readonly pool: () => Pool | undefined;
}

/**
 * The native core needs no check of its own: it tests itself when a thread loads it and refuses
 * to load otherwise, so a process or a worker without it does not live.
 */
export function rpsHealth({ store, pool }: HealthParts): Health {
  return new Health({
    store: storeCheck(store),
    serverSecret: () => pool() !== undefined,
    pool: poolCheck(pool),
  });
}

/** Of a service that checks no logins itself. */
export function storeHealth(store: HealthParts['store']): Health {
  return new Health({ store: storeCheck(store) });
}

function storeCheck(store: HealthParts['store']): Check {
  return async () => {
    await store.ping();
    return true;
  };
}

export function healthRoutes(health: Health): Route[] {
  const route = (path: string, handle: Route['handle']): Route => ({
    method: 'GET',
    path: `/health/${path}`,
    access: 'private',
    forProbes: true,
    handle,
  });
  return [
    route('live', () => answer(200, { status: 'live' })),
    route('ready', async () => {
      const { ready, missing } = await health.readiness();
      return ready
        ? answer(200, { status: 'ready' })
        : answer(503, { status: 'not ready', message: `Missing: ${missing.join(', ')}`, missing });
    }),
  ];
}

/** A worker must say no to what is no login. A full queue is alive: it is the routes' business. */
function poolCheck(pool: HealthParts['pool']): Check {
  return async () => {
    try {
      return (await pool()?.findAccepted([NO_LOGIN])) === -1;
    } catch (error) {
      return error instanceof PoolError && error.reason === 'full';
    }
  };
}
