/** What can go wrong for a client, by a code for programs and a sentence for people. */

export type ClientErrorCode =
  /** The PIN (or the token it completes) is wrong. */
  | 'wrong-pin'
  /** Too many wrong PINs: the identity is blocked and its token deleted. */
  | 'locked'
  /** The registration waits for its confirmation, e.g. the link in an e-mail. */
  | 'not-activated'
  /** Nothing is registered here for this user. */
  | 'not-registered'
  /** The relying party does not let this identity in. */
  | 'refused'
  /** The relying party has withdrawn this identity's time permits. */
  | 'revoked'
  /** The access number or QR code is unknown or no longer valid. */
  | 'wrong-number'
  /** The login or registration took too long: begin again. */
  | 'expired'
  /** The server is overloaded or not ready: try again later. */
  | 'busy'
  /** No answer could be had from the server. */
  | 'unreachable'
  /** The server answered something the protocol does not know. */
  | 'protocol';

export class ClientError extends Error {
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string) {
    super(message);
    this.name = 'ClientError';
    this.code = code;
  }
}
