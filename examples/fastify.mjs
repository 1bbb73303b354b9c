/** A relying party in Fastify: people log in with M-Pin and see a page that is theirs alone. */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import Fastify from 'fastify';

const { values } = parseArgs({
  options: {
    rps: { type: 'string', default: 'http://127.0.0.1:8011' }, // nobody else reaches it
    url: { type: 'string', default: 'http://127.0.0.1:8080' }, // for people, behind TLS
    port: { type: 'string', default: '8080' },
    'callback-port': { type: 'string', default: '8081' }, // for the RPS alone
  },
});
const SESSION_SECONDS = 3600;
const SECURE = values.url.startsWith('https:') ? '; Secure' : '';
const sessions = new Map(); // by a random name: { userId, expires }
const revoked = new Set(); // user names

const options = { logger: { level: 'warn', redact: ['req.url'] }, bodyLimit: 65_536 };
const app = Fastify(options); // paths hold identities, which no log should
const asIs = [{ parseAs: 'buffer' }, (_request, body, done) => done(null, body)];
app.addContentTypeParser('*', ...asIs);

const callRps = (path, init) =>
  fetch(values.rps + path, { ...init, signal: AbortSignal.timeout(20_000) }).catch(() => {
    throw Object.assign(new Error('the RPS cannot be reached'), { statusCode: 502 });
  });

// Clients reach the RPS through here, and of it only what lies below /rps/.
app.register(async (relay) => {
  relay.removeAllContentTypeParsers();
  relay.addContentTypeParser('*', ...asIs);
  relay.all('/rps/*', async ({ url, method, body, ip }, reply) => {
    const { pathname, search } = new URL(url, values.url); // without any `..`
    if (!pathname.startsWith('/rps/')) return reply.code(404).send({ message: 'not found' });
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': ip };
    const answer = await callRps(pathname + search, { method, body, headers });
    for (const name of ['content-type', 'cache-control', 'retry-after']) {
      if (answer.headers.has(name)) reply.header(name, answer.headers.get(name));
    }
    return reply.code(answer.status).send(Buffer.from(await answer.arrayBuffer()));
  });
});

// The client has proved its PIN to the RPS, which tells how that went, once. Only JSON will do:
// forms of other sites cannot send it.
const text = { type: 'string' };
const object = (properties) => ({ type: 'object', properties, required: Object.keys(properties) });
const proof = { body: object({ mpinResponse: object({ authOTT: text }) }) };
app.post('/mpinAuthenticate', { schema: proof }, async ({ body, headers }, reply) => {
  const { authOTT } = body.mpinResponse;
  const question = { method: 'POST', body: JSON.stringify({ authOTT }) };
  const answer = await callRps('/authenticate', question);
  const { userId, message } = await answer.json();
  if (answer.status !== 200) return reply.code(answer.status).send({ message });
  if (revoked.has(userId)) return reply.code(403).send({ message: 'revoked' });
  const now = Date.now();
  for (const [old, { expires }] of sessions) if (expires <= now) sessions.delete(old);
  sessions.delete(nameIn(headers)); // a new name for each login
  const name = randomBytes(32).toString('hex');
  sessions.set(name, { userId, expires: now + SESSION_SECONDS * 1000 });
  return reply.header('set-cookie', cookie(name, SESSION_SECONDS)).send({ userId });
});

app.get('/', ({ headers }, reply) => {
  const userId = userOf(headers);
  if (userId === undefined) return page(reply, 'Log in: mpin client login');
  return page(reply, `${escaped(userId)}<form method="post" action="/logout"><button>Log out`);
});
app.post('/logout', ({ headers }, reply) => {
  sessions.delete(nameIn(headers));
  return reply.header('set-cookie', cookie('', 0)).redirect('/', 303);
});

const page = (reply, body) => reply.type('text/html; charset=utf-8').send(`<!doctype html>${body}`);
const escaped = (text) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
const cookie = (name, seconds) =>
  `session=${name}; Max-Age=${seconds}; Path=/; HttpOnly; SameSite=Lax${SECURE}`;
const nameIn = (headers) => /(?:^|; )session=(\w+)/.exec(headers.cookie ?? '')?.[1];
const userOf = (headers) => {
  const session = sessions.get(nameIn(headers));
  return session?.expires > Date.now() ? session.userId : undefined;
};

// What the RPS asks: may this person register, and still log in?
const callbacks = Fastify(options);
callbacks.post('/mpinVerify', { schema: { body: object({ userId: text }) } }, ({ body }, reply) =>
  // To be sure who it is: mail a link with body.mpinId and body.activateKey, reply false, and
  // when it was confirmed POST {"activateKey"} to /user/<mpinId> of the RPS.
  revoked.has(body.userId) ? reply.code(403).send() : reply.send({ forceActivate: true }),
);
callbacks.get('/mpinPermitUser', ({ query }, reply) => {
  const { userID } = JSON.parse(Buffer.from(query.mpin_id, 'hex').toString());
  return reply.code(revoked.has(userID) ? 403 : 200).send();
});

await callbacks.listen({ port: Number(values['callback-port']), host: '127.0.0.1' });
await app.listen({ port: Number(values.port), host: '127.0.0.1' });
