/** The limits of the HTTP server that no role needs to set, each with its reason. */

export interface HttpLimits {
  /**
   * Seconds a body may take from its first byte to its last. uWebSockets.js closes a stalled
   * connection after about 12 s without a word; ending sooner lets us answer 408.
   */
  readonly bodySeconds: number;
  /**
   * Open connections. A further one is answered 503 without being read, and closed: each costs a
   * file descriptor and some KB, and idle ones end after about 12 s.
   */
  readonly connections: number;
  /**
   * Connections above that which may be busy with their 503; beyond them a new one is closed
   * without a word, or a flood would use up the file descriptors all the same.
   */
  readonly connectionsSlack: number;
  /**
   * Milliseconds one turn of the event loop may take. Requests that begin something new and are
   * met later in a turn get 503: the server is behind, and whoever waits does so twice as long.
   * Long enough for what has piled up while the machine was busy elsewhere.
   */
  readonly turnMs: number;
  /**
   * The same once the server is behind: it is overloaded then, and as what is begun in a turn
   * comes back twice to be finished, the turns get some four times as long as this.
   */
  readonly turnBehindMs: number;
  /** A turn as short as this, in milliseconds, and the server is not behind any more. */
  readonly turnCaughtUpMs: number;
  /**
   * Requests in a turn before that counts: a long turn with few of them means that the machine
   * was busy with something else, and refusing would help nobody.
   */
  readonly turnRequests: number;
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
  /**
   * Seconds between two looks at the certificate files, where there are any: renewals come days
   * before they are needed, and reading three small files costs nothing.
   */
  readonly certificateSeconds: number;
}

export const HTTP_LIMITS: HttpLimits = {
  bodySeconds: 10,
  connections: 16_384,
  connectionsSlack: 256,
  turnMs: 50,
  turnBehindMs: 2,
  turnCaughtUpMs: 5,
  turnRequests: 100,
  sockets: 10_000,
  framesQueued: 8,
  socketBacklogBytes: 262_144,
  frameSlackBytes: 65_536,
  certificateSeconds: 60,
};
