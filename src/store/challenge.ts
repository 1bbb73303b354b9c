import { CHALLENGE_ID_CHARS_MAX, type Challenge, PEER_CHARS_MAX } from './store.js';

/** Of an uncompressed point of G1, in bytes. */
export const POINT_BYTES = 65;
/** Of a scalar, in bytes. */
export const SCALAR_BYTES = 32;

/**
 * Throws RangeError for a challenge that would not come back as it was: backends lay its fields
 * side by side, where a wrong length would reach into the neighbour.
 */
export function assertChallenge({ id, peer, u, ut, y }: Challenge): void {
  const utFits = ut.length === POINT_BYTES || ut.length === 0;
  if (u.length !== POINT_BYTES || !utFits || y.length !== SCALAR_BYTES) {
    throw new RangeError('a challenge has fields of 65, 65 or 0, and 32 bytes');
  }
  if (id.length > CHALLENGE_ID_CHARS_MAX || peer.length > PEER_CHARS_MAX) {
    throw new RangeError(
      `a challenge has an id of at most ${CHALLENGE_ID_CHARS_MAX} characters ` +
        `and a peer of at most ${PEER_CHARS_MAX}`,
    );
  }
}
