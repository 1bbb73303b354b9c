/**
 * The uWebSockets.js apps of one server. Without TLS that is one app. With TLS it is an app that
 * listens, and one that serves for each set of certificates there has been: new connections go to
 * the newest, older ones stay with the app that took them, so a renewal drops nothing.
 */
import { readTls, TLS_CIPHERS, type TlsFiles, type TlsState } from './tls.js';
import {
  closeListenSocket,
  createApp,
  createTlsApp,
  type ListenSocket,
  listenOn,
  localPort,
  type UwsApp,
} from './uws.js';

export class Front {
  readonly #attach: (app: UwsApp) => void;
  readonly #files: TlsFiles | undefined;
  readonly #listener: UwsApp;
  /** Those that serve, the newest last. */
  readonly #serving: UwsApp[] = [];
  #state: TlsState | undefined;
  #socket: ListenSocket | undefined;

  /**
   * @param attach gives an app its routes
   * @throws Error that names a file that cannot be used
   */
  constructor(attach: (app: UwsApp) => void, files: TlsFiles | undefined) {
    this.#attach = attach;
    this.#files = files;
    if (files === undefined) {
      this.#listener = createApp();
      this.#serve(this.#listener);
    } else {
      this.#state = readTls(files);
      // Hands every connection on. It must be of the same kind as those it hands them to.
      this.#listener = secureApp(files);
      this.#take(files);
    }
  }

  /** When the certificate in use ends, in milliseconds since the epoch; undefined without TLS. */
  get certificateEndsAtMs(): number | undefined {
    return this.#state?.endsAtMs;
  }

  /** The port it listens on, or undefined when that could not be had. */
  async listen(where: Parameters<typeof listenOn>[1]): Promise<number | undefined> {
    const socket = await listenOn(this.#listener, where);
    if (socket === false) return undefined;
    this.#socket = socket;
    return localPort(socket);
  }

  /**
   * Uses the certificate files as they are now; false when they have not changed.
   * @throws Error that names a file that cannot be used; then all stays as it was
   */
  renew(): boolean {
    if (this.#files === undefined || this.#socket === undefined) return false;
    const state = readTls(this.#files);
    if (state.fingerprint === this.#state?.fingerprint) return false;
    const before = this.#serving.at(-1) as UwsApp;
    this.#take(this.#files);
    this.#listener.removeChildAppDescriptor(before.getDescriptor());
    this.#state = state;
    return true;
  }

  /** Takes no further connections. */
  closeListener(): void {
    if (this.#socket !== undefined) closeListenSocket(this.#socket);
    this.#socket = undefined;
  }

  /** Ends every connection. */
  close(): void {
    for (const app of this.#serving) app.close();
    if (this.#files !== undefined) this.#listener.close();
  }

  #take(files: TlsFiles): void {
    const app = secureApp(files);
    this.#serve(app);
    this.#listener.addChildAppDescriptor(app.getDescriptor());
  }

  #serve(app: UwsApp): void {
    this.#attach(app);
    this.#serving.push(app);
  }
}

/** @throws Error when the files have changed under us into something that cannot be used */
function secureApp({ certFile, keyFile, clientCaFile }: TlsFiles): UwsApp {
  try {
    return createTlsApp({
      cert_file_name: certFile,
      key_file_name: keyFile,
      ssl_ciphers: TLS_CIPHERS,
      ...(clientCaFile === undefined ? {} : { ca_file_name: clientCaFile }),
    });
  } catch {
    throw new Error(`${certFile}, ${keyFile}: TLS cannot be spoken with these`);
  }
}
