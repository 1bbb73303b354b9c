/**
 * Who may call private routes: hosts of the listed networks, with a client certificate and a
 * shared secret where these are demanded, and no web page.
 */
import type { Route } from './call.js';
import type { ServerContext } from './context.js';
import type { Head } from './headers.js';
import { type HttpRequest, type HttpResponse, hasCertificate } from './uws.js';

/** A request to a private route. */
export interface PrivateRequest {
  readonly route: Pick<Route, 'forProbes'>;
  readonly res: HttpResponse;
  readonly req: HttpRequest;
  readonly head: Head;
  readonly peer: string;
  readonly client: string;
}

/** Whether a caller is to be refused. Which of the reasons it was, it is not told. */
export function isBarred(server: ServerContext, request: PrivateRequest): boolean {
  const { route, res, req, head, peer, client } = request;
  // A forwarded address can only take away: a proxy inside the list must not let the world in.
  if (!server.privateAllow(peer) || !server.privateAllow(client)) return true;
  // A browser on a listed host runs pages from anywhere, and `*` was said of public routes.
  if (head.origin !== '' && !server.privateOrigins.has(head.origin)) return true;
  if (route.forProbes === true) return false;
  if (server.privateCertificates && !hasCertificate(res)) return true;
  return server.privateKey?.(req.getHeader('authorization')) === false;
}
