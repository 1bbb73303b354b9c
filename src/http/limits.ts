/** The limits of the HTTP server that no role needs to set, each with its reason. */

export interface HttpLimits {
  /**
   * Seconds a body may take from its first byte to its last. uWebSockets.js closes a stalled
   * connection after about 12 s without a word; ending sooner lets us answer 408.
   */
  readonly bodySeconds: number;
  /** Open WebSockets: each costs about 10 KB; a dance lives seconds, so this is 1000 logins/s. */
  readonly sockets: number;
  /** Frames of one WebSocket that wait for the one in work: a client sends one at a time. */
  readonly framesQueued: number;
  /** Bytes one WebSocket may leave unread before it is closed: no reply is near this long. */
  readonly socketBacklogBytes: number;
  /**
   * Bytes above a route's frame limit up to which a frame is taken in to be refused with 1009;
   * uWebSockets.js cuts a longer one off when it reads its head, and the peer sees 1006.
   */
  readonly frameSlackBytes: number;
}

export const HTTP_LIMITS: HttpLimits = {
  bodySeconds: 10,
  sockets: 10_000,
  framesQueued: 8,
  socketBacklogBytes: 262_144,
  frameSlackBytes: 65_536,
};
