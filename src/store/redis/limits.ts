/**
 * Every limit of the connection to Redis. No default of ioredis is one of ours: several of them
 * would send a command again that may have been carried out, and so count a failure twice.
 */

/** Milliseconds before the first new try to connect; each further one waits twice as long, */
export const RETRY_FIRST_MS = 50;
/** up to this: short, so that service resumes well within 2 s after Redis is back. */
export const RETRY_MS_MAX = 500;
/** Random milliseconds more, so that not all instances come back in the same moment. */
export const RETRY_JITTER_MS = 50;

/**
 * Times a command is sent again after a lost connection: never. Whether it was carried out is not
 * known then, so its request gets 503.
 */
export const RESENDS_MAX = 0;

/** Milliseconds between looks at a Redis that is still loading its data. */
export const LOADING_RETRY_MS = 200;

/** Milliseconds of silence after which TCP asks whether the other end is still there. */
export const KEEP_ALIVE_MS = 10_000;

/** Milliseconds a connection that we end may take to end by itself. */
export const DISCONNECT_MS_MAX = 500;

/**
 * Times a cluster's node may send a command elsewhere (MOVED, ASK) or have it wait (TRYAGAIN): it
 * was not carried out, so it may be sent again. A slot moves once or twice in a row, not more.
 */
export const REDIRECTIONS_MAX = 8;
/** Milliseconds before a command is tried again whose keys are just being moved (TRYAGAIN). */
export const TRY_AGAIN_MS = 20;
/**
 * Milliseconds between looks at which node has which slots. Nodes say so themselves when they are
 * asked for a slot that has moved; this is for slots whose node is gone.
 */
export const SLOTS_REFRESH_MS = 1_000;
/**
 * Tries to reach a node of a cluster again before it is forgotten: about 4 s. Without an end, a
 * cluster whose nodes all got new addresses would never be looked up by its first names again.
 */
export const NODE_RETRIES_MAX = 10;

/** Sentinels that are listened to for a failover. */
export const SENTINELS_MAX = 5;
/** Milliseconds before a lost Sentinel is tried again: the others are enough until then. */
export const SENTINEL_RETRY_MS = 1_000;

/** Milliseconds within which the same trouble is logged only once. */
export const SAME_TROUBLE_MS = 10_000;
