/**
 * The RPS's neighbours in one small server: both trusted authorities and the relying party. Its
 * secrets are known here, so that identities can be made by the thousand without asking anyone,
 * and it costs next to nothing, as it must not take from the server that is measured.
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { clientSecretShare, randomSecret, serverSecretShare } from '../src/crypto/index.js';

/** Order of the group (contract §8): master secrets add up modulo it. */
const R = 0x2400000008702a0db0bddf647a6366d2c43fd6ee0cc906cebe11c0a636eb1f6dn;

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

export class Neighbours {
  readonly #local = randomSecret();
  readonly #hosted = randomSecret();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      request.resume();
      request.once('end', () => {
        const body = this.#answer(url);
        response
          .writeHead(body === undefined ? 404 : 200, { 'Content-Type': 'application/json' })
          .end(JSON.stringify(body ?? { message: 'not here' }));
      });
    });
  }

  static async start(): Promise<Neighbours> {
    const neighbours = new Neighbours();
    await new Promise<void>((resolve) => {
      neighbours.#server.listen(0, '127.0.0.1', resolve);
    });
    return neighbours;
  }

  /** Base of the local authority; the hosted one is below `/hosted/`, the RPA at `/verify`. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Sum of both master secrets, 32 bytes: what every identity's secret is made with. */
  get master(): Uint8Array {
    const sum = (BigInt(`0x${hexOf(this.#local)}`) + BigInt(`0x${hexOf(this.#hosted)}`)) % R;
    return Uint8Array.from(Buffer.from(sum.toString(16).padStart(64, '0'), 'hex'));
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #answer({ pathname, searchParams }: URL): Record<string, unknown> | undefined {
    switch (pathname) {
      case '/serverSecret':
        return { serverSecret: hexOf(serverSecretShare(this.#local)) };
      case '/hosted/serverSecret':
        return { serverSecret: hexOf(serverSecretShare(this.#hosted)) };
      case '/hosted/apiSettings':
        return { timePermitsStorageURL: `${this.url}/permits` };
      case '/hosted/time':
        return { Time: `${new Date().toISOString().slice(0, 19)}Z` };
      case '/clientSecret': {
        const hash = Buffer.from(searchParams.get('hash_mpin_id') ?? '', 'hex');
        return { clientSecret: hexOf(clientSecretShare(this.#local, Uint8Array.from(hash))) };
      }
      case '/verify':
        return { forceActivate: true };
      default:
        return undefined;
    }
  }
}
