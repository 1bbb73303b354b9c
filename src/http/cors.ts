/**
 * Which web pages may read our answers (contract §2, §13 hole 19). An origin listed exactly is
 * echoed, and only then credentials are allowed; `*` lets any page read without them.
 */

export interface CorsPolicy {
  /** Exact origins (`https://a.example`), or `*`. */
  readonly origins: readonly string[];
  /** For Access-Control-Allow-Methods. */
  readonly methods: readonly string[];
}

/** RPS: `allowOrigin` of its options, all methods (contract §2). */
export function rpsCors(origins: readonly string[]): CorsPolicy {
  return { origins, methods: ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS'] };
}

/** D-TA and hosted side: any page may read (contract §2). */
export const AUTHORITY_CORS: CorsPolicy = { origins: ['*'], methods: ['GET', 'OPTIONS'] };

/** The union of what the RPS, the demo and the hosted side allow (contract §2). */
const ALLOW_HEADERS = [
  'Content-Type',
  'Depth',
  'User-Agent',
  'X-File-Size',
  'X-Requested-With',
  'X-Requested-By',
  'If-Modified-Since',
  'X-File-Name',
  'Cache-Control',
  'WWW-Authenticate',
  'Pragma',
  'Expires',
].join(', ');

/** Header names and values, flat: name, value, name, value … */
export type FlatHeaders = readonly string[];

/** Headers for a request with this Origin ('' when it has none) and whether it is a preflight. */
export type CorsHeaders = (origin: string, preflight: boolean) => FlatHeaders;

/** Prepares the header lists of a policy, so that a request costs one lookup. */
export function compileCors({ origins, methods }: CorsPolicy): CorsHeaders {
  const wildcard = origins.includes('*');
  const exact = new Set(origins.filter((origin) => origin !== '*'));
  // What is sent depends on Origin as soon as one origin is treated apart from the others.
  const vary = exact.size > 0 ? ['Vary', 'Origin'] : [];
  const allowed = [
    'Access-Control-Allow-Methods',
    methods.join(', '),
    'Access-Control-Allow-Headers',
    ALLOW_HEADERS,
  ];
  const plain = wildcard ? ['Access-Control-Allow-Origin', '*', ...vary] : vary;
  const others = wildcard ? [...plain, ...allowed] : vary;
  const echoed = new Map<string, FlatHeaders>();
  for (const origin of exact) {
    const credentials = ['Access-Control-Allow-Credentials', 'true'];
    const echo = ['Access-Control-Allow-Origin', origin, ...credentials];
    echoed.set(origin, [...echo, ...vary, ...allowed]);
  }
  return (origin, preflight) => {
    if (origin === '') return preflight ? others : plain;
    return echoed.get(origin) ?? others;
  };
}
