/** The OpenAPI 3.1 document of a role, made of the tables beside. */
import { DTA, HOSTED } from './authorities.js';
import type { Operation, Operations, ReplyDescription, Role } from './operation.js';
import { RPS_MOBILE } from './rps-mobile.js';
import { RPS_PRIVATE } from './rps-private.js';
import { RPS_PUBLIC } from './rps-public.js';
import { object, type Schema, text } from './schema.js';

type JsonObject = Record<string, unknown>;

/** Under which tables have the public routes; option rpsPrefix may say otherwise. */
const DEFAULT_PREFIX = '/rps';

/** The separate M-Pin server dances as the RPS does, at the root. */
const AUTH: Operations = {
  Login: RPS_PUBLIC.Login.map((operation) => ({
    ...operation,
    path: withPrefix(operation.path, ''),
  })),
  About: RPS_PUBLIC.About.filter(({ path }) => path === '/status'),
  Operation: RPS_PRIVATE.Operation,
};

export const OPERATIONS: Readonly<Record<Role, Operations>> = {
  rps: { ...RPS_PUBLIC, ...RPS_MOBILE, ...RPS_PRIVATE },
  auth: AUTH,
  dta: DTA,
  hosted: HOSTED,
};

const TITLES: Readonly<Record<Role, string>> = {
  rps: 'M-Pin relying party service',
  auth: 'M-Pin authentication server',
  dta: 'M-Pin trusted authority (D-TA)',
  hosted: 'M-Pin hosted side: D-TA proxy',
};

const ABOUT: Readonly<Record<Role, string>> = {
  rps:
    'Public routes are for browsers and apps. Private ones are for the relying party and for ' +
    'operators: they answer the networks in privateAllow, with a secret (rpaSecret) or a client ' +
    'certificate (rpaCaFile) where these are configured.',
  auth: 'Checks logins for an RPS whose option MPinAuthenticationServer names it.',
  dta: 'For the RPS alone: it answers the networks in allowFrom.',
  hosted: 'Also to be had under each of apiPrefixes.',
};

const ERROR_REF = { $ref: '#/components/schemas/Error' };

export interface DocumentOptions {
  readonly version: string;
  /** Path prefix of the public routes of the RPS, with a slash in front. */
  readonly prefix?: string;
}

export function openApiDocument(
  role: Role,
  { version, prefix = DEFAULT_PREFIX }: DocumentOptions,
): JsonObject {
  const groups = Object.entries(OPERATIONS[role]);
  const paths: Record<string, JsonObject> = {};
  for (const [group, operations] of groups) {
    for (const operation of operations) {
      const path = templateOf(withPrefix(operation.path, prefix));
      paths[path] ??= {};
      paths[path][operation.method.toLowerCase()] = operationOf(operation, group);
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: TITLES[role],
      version,
      description: ABOUT[role],
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: groups.map(([name]) => ({ name })),
    paths,
    components: {
      schemas: { Error: object({ message: text('What was wrong, in words') }) },
      securitySchemes: {
        rpaSecret: { type: 'http', scheme: 'bearer', description: 'Option rpaSecret, if set' },
        rpaCaFile: { type: 'mutualTLS', description: 'Option rpaCaFile, if set' },
      },
    },
  };
}

/** A path as it is with another prefix. */
export function withPrefix(path: string, prefix: string): string {
  return path.startsWith(`${DEFAULT_PREFIX}/`) ? prefix + path.slice(DEFAULT_PREFIX.length) : path;
}

function templateOf(path: string): string {
  return path.replace(/:(\w+)/g, '{$1}');
}

function operationOf(operation: Operation, group: string): JsonObject {
  const { method, path, access, summary, description, body, replies } = operation;
  const parameters = [
    ...parametersOf('path', operation.params ?? {}),
    ...parametersOf('query', operation.query ?? {}),
  ];
  return {
    operationId: method.toLowerCase() + camelCase(path),
    tags: [group],
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: contentOf(body) }),
    responses: Object.fromEntries(
      Object.entries(replies).map(([status, reply]) => [status, responseOf(Number(status), reply)]),
    ),
    // Each is demanded only where it is configured, so none at all may do as well.
    ...(access === 'private' ? { security: [{}, { rpaSecret: [] }, { rpaCaFile: [] }] } : {}),
    'x-access': access,
  };
}

function camelCase(path: string): string {
  return path.replace(/[^A-Za-z0-9]+(\w?)/g, (_, next: string) => next.toUpperCase());
}

function parametersOf(
  where: 'path' | 'query',
  fields: Readonly<Record<string, Schema>>,
): JsonObject[] {
  return Object.entries(fields).map(([name, { description, ...schema }]) => ({
    name: name.replace('?', ''),
    in: where,
    required: !name.endsWith('?'),
    description,
    schema,
  }));
}

function responseOf(status: number, reply: ReplyDescription): JsonObject {
  const { description, schema, type } =
    typeof reply === 'string' ? { description: reply, schema: undefined, type: undefined } : reply;
  const body = schema ?? (status >= 400 ? ERROR_REF : undefined);
  return { description, ...(body === undefined ? {} : contentOf(body, type)) };
}

function contentOf(schema: Schema, type = 'application/json'): { content: JsonObject } {
  return { content: { [type]: { schema } } };
}
