/** The description of the routes: complete, well-formed, and true of what is answered. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import { OPERATIONS, openApiDocument, withPrefix } from '../../src/api/document.js';
import type { Operation, Role } from '../../src/api/operation.js';
import { routeTables } from '../../src/api/tables.js';
import { loadOptions } from '../../src/config/load.js';
import { rpsOptions } from '../../src/config/rps.js';
import type { Route } from '../../src/http/call.js';
import { Health } from '../../src/ops/health.js';
import { packageVersion } from '../../src/ops/version.js';
import { authService } from '../../src/rps/auth.js';
import { DynamicOptions, type DynamicOptionsParts } from '../../src/rps/dynamic-options.js';
import { RpsMetrics } from '../../src/rps/metrics.js';
import type { RpsParts } from '../../src/rps/parts.js';
import { RPS, served } from '../../src/rps/rps.js';
import { publicUrls } from '../../src/rps/urls.js';
import { descriptionRoute } from '../../src/ta/description.js';
import { type DtaParts, dtaRoutes } from '../../src/ta/dta-routes.js';
import { type PermitRouteParts, permitStorageRoutes } from '../../src/ta/permits/routes.js';
import { type ProxyParts, proxyRoutes } from '../../src/ta/proxy-routes.js';
import { type RegistrationParts, registrationRoutes } from '../../src/ta/registration.js';
import { type Ask, type Reply, startWorld, World } from '../rps/harness.js';

type Json = Record<string, unknown>;

const ROLES: readonly Role[] = ['rps', 'auth', 'dta', 'hosted'];
const version = packageVersion();

const described = (role: Role): readonly Operation[] => Object.values(OPERATIONS[role]).flat();

/** `GET /a/{} private`: names of parameters are nobody's business but a reader's. */
const shapeOf = ({ method, path, access }: Pick<Route, 'method' | 'path' | 'access'>): string =>
  `${method} ${path.replace(/:\w+/g, '{}')} ${access}`;

/** All that a role serves. What the routes draw on is never asked here. */
function routesOf(role: Role): string[] {
  if (role === 'dta') {
    return [...dtaRoutes({} as DtaParts), descriptionRoute('dta')].map(shapeOf);
  }
  if (role === 'hosted') {
    const parts = { registrationsPerHour: 1 };
    return [
      ...proxyRoutes({} as ProxyParts, []),
      ...permitStorageRoutes({} as PermitRouteParts, []),
      ...registrationRoutes(parts as RegistrationParts, []),
      descriptionRoute('hosted'),
    ].map(shapeOf);
  }
  const initial = loadOptions(rpsOptions, { env: {}, flags: {} });
  // Where logins are checked elsewhere there are other routes than where they are checked here.
  const elsewhere = { MPinAuthenticationServer: 'https://pin.example' };
  const all = [{}, elsewhere].flatMap((more) => {
    const options = { ...initial, onePass: true, ...more };
    const prefix = role === 'auth' ? { prefix: '' } : {};
    const parts = { options, urls: { ...publicUrls(options), ...prefix } } as unknown as RpsParts;
    const service = role === 'auth' ? authService('') : RPS;
    const { routes, sockets } = served(service, parts, {
      health: new Health({}),
      metrics: new RpsMetrics(),
      background: new DynamicOptions({ url: '', table: {} } as unknown as DynamicOptionsParts),
    });
    return [...routes, ...sockets.map(({ path }) => UPGRADE(path))];
  });
  return [...new Set(all.map(shapeOf))];
}

const UPGRADE = (path: string) => ({ method: 'GET', path, access: 'public' }) as const;

t.test('every route has a description, and every description a route', async (t) => {
  for (const role of ROLES) {
    t.strictSame(described(role).map(shapeOf).sort(), routesOf(role).sort(), role);
  }
});

/** All objects in a value, itself included. */
function* objectsIn(value: unknown): Generator<Json> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Json;
  for (const inner of Object.values(value)) yield* objectsIn(inner);
}

t.test('the documents are OpenAPI 3.1: every name resolves, every schema is one', async (t) => {
  const ajv = new Ajv2020({ strict: true, strictTypes: false });
  for (const role of ROLES) {
    const document = openApiDocument(role, { version }) as Json & {
      paths: Record<string, Record<string, Json>>;
      components: { schemas: Record<string, object>; securitySchemes: object };
      tags: { name: string }[];
    };
    t.match(document, { openapi: '3.1.0', info: { version, title: /M-Pin/ } });
    const operationIds = new Set<unknown>();
    const tags = document.tags.map(({ name }) => name);
    for (const [path, operations] of Object.entries(document.paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const [method, operation] of Object.entries(operations)) {
        const {
          operationId,
          parameters = [],
          responses,
        } = operation as Json & {
          parameters?: { name: string; in: string; required: boolean; schema: object }[];
          responses: Record<string, { description: string }>;
        };
        const name = `${role} ${method} ${path}`;
        t.notOk(operationIds.has(operationId), `${name}: ${operationId} is its own`);
        t.match(operationId, /^[a-z][A-Za-z0-9]+$/);
        operationIds.add(operationId);
        const declared = parameters.filter((parameter) => parameter.in === 'path');
        t.strictSame(
          declared.map((parameter) => parameter.name),
          inPath,
          name,
        );
        t.ok(declared.every(({ required }) => required));
        t.ok((operation['tags'] as string[]).every((tag) => tags.includes(tag)));
        for (const [status, { description }] of Object.entries(responses)) {
          t.match(status, /^[1-5]\d\d$/);
          t.ok(description.length > 1, `${name} ${status}`);
        }
      }
    }
    for (const { $ref, schema } of objectsIn(document)) {
      const target = /^#\/components\/schemas\/(\w+)$/.exec(String($ref ?? ''))?.[1];
      if ($ref !== undefined) t.ok(target && target in document.components.schemas, String($ref));
      else if (typeof schema === 'object' && schema !== null && !('$ref' in schema)) {
        t.equal(typeof ajv.compile(schema), 'function');
      }
    }
  }
});

t.test('paths are written with the prefix that is configured', async (t) => {
  const { paths } = openApiDocument('rps', { version, prefix: '/auth/mpin' });
  t.ok('/auth/mpin/pass1' in (paths as object));
  t.ok('/authenticate' in (paths as object), 'private ones have none');
  t.notOk(Object.keys(paths as object).some((path) => path.startsWith('/rps')));
  t.equal(withPrefix('/rpsx', '/a'), '/rpsx');
});

t.test('the tables in README.md are those that the description gives', async (t) => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  t.ok(readme.includes(routeTables()), 'put the output of `mpin api` there');
});

/** A world in which every reply is held against the description of its route. */
class DescribedWorld extends World {
  readonly seen = new Set<string>();
  readonly #ajv = new Ajv2020({ strict: false });
  readonly #t: Test;

  constructor(t: Test) {
    super();
    this.#t = t;
  }

  override async ask(path: string, ask: Ask = {}): Promise<Reply> {
    const reply = await super.ask(path, ask);
    const method = ask.method ?? 'GET';
    const plain = (path.split('?')[0] as string).split('/');
    const operation = described('rps').find((one) => {
      const segments = one.path.split('/');
      const fits = segments.every((part, at) => part.startsWith(':') || part === plain[at]);
      return one.method === method && segments.length === plain.length && fits;
    });
    if (operation === undefined) throw new Error(`${method} ${path} is not described`);
    const name = `${method} ${operation.path} ${reply.status}`;
    this.seen.add(name);
    const said = operation.replies[reply.status];
    if (said === undefined) {
      this.#t.fail(`${name} is not described: ${reply.text}`);
    } else if (typeof said === 'object' && said.schema !== undefined && said.type === undefined) {
      const validate = this.#ajv.compile(said.schema);
      const body: unknown = JSON.parse(reply.text);
      this.#t.ok(validate(body), `${name}: ${JSON.stringify(validate.errors)}`);
      const known = Object.keys((said.schema['properties'] as object | undefined) ?? body ?? {});
      const unknown = Object.keys(body as object).filter((field) => !known.includes(field));
      if (!SEVERAL_SPELLINGS.test(operation.path)) this.#t.strictSame(unknown, [], name);
    } else if (reply.status >= 400) {
      this.#t.type(reply.json['message'], 'string', name);
    }
    return reply;
  }
}

/** Its reply has each field in two spellings, of which one is described. */
const SEVERAL_SPELLINGS = /codeStatus$/;

t.test('what is answered is what is described', async (t) => {
  const world = new DescribedWorld(t);
  const config = { mobileUseNative: true, mobileConfig: [{}], serviceName: 'x' };
  await world.start({ ...config, waitForLoginResult: true, requestOTP: true }, true);
  t.teardown(() => world.stop());
  const jo = await world.person('jo@example.com');
  for (const path of [
    '/rps/clientSettings',
    '/service',
    '/rps/service',
    '/rps/mobileConfig',
    '/status',
    '/rps/status',
    '/health/live',
    '/health/ready',
    '/metrics',
    '/openapi.json',
    '/manage/getStackInfo',
    '/dynamicOptions',
    `/rps/timePermit/${jo.mpinId}`,
    '/rps/timePermit/xyz',
    `/rps/signature/${jo.mpinId}?regOTT=wrong`,
    '/rps/authenticationToken',
  ]) {
    await world.ask(path);
  }
  await world.post('/dynamicOptions', '');
  await world.register({ userId: 'jo@example.com', regOTT: jo.regOTT }, jo.mpinId);
  await world.register({});
  await world.post(`/rps/setupDone/${jo.mpinId}`, {});
  await world.post(`/user/${jo.mpinId}`, { activateKey: 'x' });
  await world.post('/user/abcd', {});
  const { json } = await jo.finish((await jo.begin()).v, { OTP: 1 });
  await world.authenticate(json['authOTT']);
  await world.authenticate(json['authOTT']);
  await world.post('/loginResult', { authOTT: json['authOTT'], status: 200 });
  await world.post('/loginResult', { authOTT: json['authOTT'], status: 200 });
  await world.post('/loginResult', {});
  await world.post('/verifyOTP', { userId: 'jo@example.com', OTP: json['OTP'] });
  await world.post('/verifyOTP', { userId: 'jo@example.com', OTP: json['OTP'] });
  await world.post('/rps/pass1', {});
  await world.post('/rps/pass2', {});
  t.strictSame([await jo.login(1), await jo.login(1), await jo.login(1)], [401, 401, 410]);
  const { mpinId } = jo;
  for (const what of ['identity', 'unlock', 'revoke', 'reinstate']) {
    await world.post(`/manage/${what}`, { mpinId });
    await world.post(`/manage/${what}`, {});
  }
  const shown = (await world.post('/rps/getAccessNumber', '')).json;
  await world.post('/rps/getQrUrl', {});
  await world.post('/rps/codeStatus', { status: 'wid', wid: shown['accessNumber'] });
  await world.post('/rps/codeStatus', {});
  await world.post('/rps/access', { webOTT: shown['webOTT'] });
  await world.post('/rps/accessnumber', { webOTT: shown['webOTT'] });
  await world.post('/rps/authenticate', { mpinResponse: { authOTT: 'unknown' } });
  const missing = described('rps')
    .filter(
      // These two are there with options that this world does not have.
      ({ path }) => path !== '/token' && path !== '/rps/pass',
    )
    .filter(
      ({ method, path }) => ![...world.seen].some((name) => name.startsWith(`${method} ${path} `)),
    );
  t.strictSame(missing.map(shapeOf), [], 'every route was asked');
});

t.test('the description is served to whom it is for', async (t) => {
  const world = await startWorld(t, { rpsPrefix: 'auth' });
  const { status, json } = await world.ask('/openapi.json');
  t.equal(status, 200);
  t.strictSame(json, openApiDocument('rps', { version, prefix: '/auth' }));
  const outside = { headers: { 'x-forwarded-for': '203.0.113.5' } };
  t.equal((await world.ask('/openapi.json', outside)).status, 403);
});
