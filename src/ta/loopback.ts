/** The addresses of this machine to itself. */
import { compileAddressList } from '../http/peers.js';

export const LOOPBACK: readonly string[] = ['127.0.0.0/8', '::1/128'];

/** True for a numeric loopback address; a name is none, as it resolves to what others say. */
export const isLoopback = compileAddressList(LOOPBACK);
