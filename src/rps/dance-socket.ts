/** The dance over one WebSocket (contract §5): the challenge lives on the connection. */
import { type Answer, answer, HttpError, type Socket, type SocketRoute } from '../http/call.js';
import { logUnexpected } from '../http/context.js';
import { parseJsonText } from '../http/json.js';
import type { Challenge } from '../store/store.js';
import { CHALLENGE_LIFE_MS, Dance } from './dance.js';
import type { RpsParts } from './parts.js';
import { readMpinId, readPass1, readPass2 } from './pass-messages.js';
import { PASS_BYTES_MAX, type PassParts, pass1Text, pass2Text } from './pass-routes.js';
import { rpsErrorAnswer, VERSION } from './replies.js';

/** Longest silence of a client in milliseconds: after it, its challenge is too old anyway. */
const SILENCE_MS_MAX = CHALLENGE_LIFE_MS;
/** The server's own idle limit, behind ours: its close has no message for clients that wait. */
const IDLE_SECONDS = 20;

const CLOSE_NORMAL = 1000;
const CLOSE_POLICY = 1008;
const CLOSE_INTERNAL = 1011;

type SocketParts = PassParts & Pick<RpsParts, 'log'>;

export function danceSocket(parts: SocketParts): SocketRoute {
  const dance = new Dance(parts);
  return {
    path: `${parts.urls.prefix}/authenticationToken`,
    frameBytesMax: PASS_BYTES_MAX,
    idleSeconds: IDLE_SECONDS,
    headers: ['origin'],
    beginsWork: true,
    refuse: ({ headers }) => refuse(parts, headers['origin']),
    open: (socket) => {
      const session = new DanceSession(socket, dance, parts);
      return { message: (text) => session.message(text), closed: () => session.closed() };
    },
  };
}

/** No origin is a program, not a page; a page must be one that may call us at all. */
function refuse(
  { urls, verifier, admission }: SocketParts,
  origin: string | undefined,
): Answer | undefined {
  if (origin !== undefined && origin !== '' && !urls.allowsOrigin(origin)) {
    return answer(403, { version: VERSION, message: 'Origin not allowed' });
  }
  // Refused before the upgrade, so that clients fall back to REST and get its 503.
  verifier();
  return admission.begin();
}

/** One dance: pass 1, pass 2, the end. Its messages never overlap (call.ts). */
class DanceSession {
  readonly #socket: Socket;
  readonly #dance: Dance;
  readonly #parts: SocketParts;
  #silence: NodeJS.Timeout;
  #begun: { readonly mpinId: string; readonly challenge: Challenge } | undefined;
  #stage: 'new' | 'begun' | 'done' | 'closed' = 'new';

  constructor(socket: Socket, dance: Dance, parts: SocketParts) {
    this.#socket = socket;
    this.#dance = dance;
    this.#parts = parts;
    this.#silence = this.#startSilence();
  }

  async message(text: string): Promise<void> {
    clearTimeout(this.#silence);
    if (this.#stage === 'closed') return;
    try {
      await this.#pass(text);
    } catch (error) {
      this.#fail(error);
    }
    if (!this.#isClosed()) this.#silence = this.#startSilence();
  }

  closed(): void {
    this.#stage = 'closed';
    this.#begun = undefined;
    clearTimeout(this.#silence);
  }

  async #pass(text: string): Promise<void> {
    const body = parseJsonText(text);
    if (body === undefined) throw new HttpError(403, 'The message is not a JSON object');
    if (body['pass'] === 1 && this.#stage === 'new') {
      const pass1 = readPass1(body, this.#parts.options.usePermits);
      const mpinId = readMpinId(body);
      const challenge = this.#dance.challenge(pass1, this.#socket.peer);
      this.#begun = { mpinId, challenge };
      this.#stage = 'begun';
      this.#socket.sendText(pass1Text(challenge));
    } else if (body['pass'] === 2 && this.#begun !== undefined) {
      const pass2 = readPass2(body);
      const { mpinId, challenge } = this.#begun;
      // Spent before it is checked: whatever happens, no second V meets this challenge.
      this.#begun = undefined;
      this.#stage = 'done';
      const { peer } = this.#socket;
      const end = await this.#dance.finishWith(mpinId, pass2, challenge, peer);
      this.#socket.sendText(pass2Text(end));
    } else {
      throw new HttpError(403, 'Not the pass that was expected');
    }
  }

  /** The connection may have gone while a pass was being checked. */
  #isClosed(): boolean {
    return this.#stage === 'closed';
  }

  /** Tells the client before closing: some wait for ever on a bare close. */
  #fail(error: unknown): void {
    const { status, message } = this.#wordsOf(error);
    this.#end(message, status < 500 ? CLOSE_POLICY : CLOSE_INTERNAL);
  }

  #end(message: string, code: number): void {
    this.#stage = 'closed';
    this.#socket.send({ pass: 0, version: VERSION, message });
    this.#socket.close(code);
  }

  #wordsOf(error: unknown): { readonly status: number; readonly message: string } {
    if (error instanceof HttpError) return error;
    if (rpsErrorAnswer(error) !== undefined) return { status: 503, message: 'Busy, try again' };
    logUnexpected(this.#parts.log, 'authenticationToken', error);
    return { status: 500, message: 'Internal error' };
  }

  #startSilence(): NodeJS.Timeout {
    return setTimeout(() => {
      if (this.#stage === 'done') this.#socket.close(CLOSE_NORMAL);
      else this.#end('Timed out', CLOSE_NORMAL);
    }, SILENCE_MS_MAX);
  }
}
