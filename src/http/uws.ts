/**
 * uWebSockets.js as it is, where its own declarations say less: the listen call with host, port
 * and options, and the option's constant.
 */

import type { HttpResponse } from 'uWebSockets.js';
import * as uws from 'uWebSockets.js';

export type { HttpRequest, HttpResponse, WebSocket } from 'uWebSockets.js';
export type SocketContext = uws.us_socket_context_t;
export type ListenSocket = uws.us_listen_socket;

type Listen = (
  host: string,
  port: number,
  options: number,
  done: (socket: ListenSocket | false) => void,
) => void;

/** Apps that hand accepted connections on to others of the same kind. */
interface HandsOn {
  getDescriptor(): number;
  addChildAppDescriptor(descriptor: number): void;
  removeChildAppDescriptor(descriptor: number): void;
}

interface CertifiedPeer {
  /** PEM of the client's certificate, '' when it showed none. */
  getX509Certificate(): string;
}

interface Undeclared {
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number;
  _cfg(key: string): void;
}

const undeclared = uws as unknown as Undeclared;

// Leaves out the header `uWebSockets: 20`, which tells an attacker what to look up.
undeclared._cfg('999999990007');

export type UwsApp = uws.TemplatedApp & HandsOn;

export function createApp(): UwsApp {
  return uws.App() as UwsApp;
}

/** Throws when the files cannot be used; it does not say why. */
export function createTlsApp(options: uws.AppOptions): UwsApp {
  return uws.SSLApp(options) as UwsApp;
}

/**
 * Whether the client of a TLS connection has shown a certificate. One that no authority of
 * `ca_file_name` has issued never gets so far; one without any does.
 */
export function hasCertificate(res: HttpResponse): boolean {
  return (res as HttpResponse & CertifiedPeer).getX509Certificate() !== '';
}

/** With SO_REUSEPORT, by which processes of one user can share a port. */
const SHARED_PORT = 0;

/**
 * Listens on the port; alone, unless it is to be shared with processes that listen so as well. A
 * second server would otherwise share it silently.
 */
export function listenOn(
  app: UwsApp,
  { host, port, shared }: { host: string; port: number; shared: boolean },
): Promise<ListenSocket | false> {
  const listen = app.listen.bind(app) as unknown as Listen;
  const options = shared ? SHARED_PORT : undeclared.LIBUS_LISTEN_EXCLUSIVE_PORT;
  return new Promise((resolve) => listen(host, port, options, resolve));
}

export function closeListenSocket(socket: ListenSocket): void {
  uws.us_listen_socket_close(socket);
}

/** The port a listen socket really has. */
export function localPort(socket: ListenSocket): number {
  return uws.us_socket_local_port(socket as unknown as uws.us_socket);
}
