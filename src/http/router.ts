/**
 * Finds the route of a path. Exact paths are one map lookup; patterns are tried from the most
 * special to the most general. Paths are matched in a decoded form, so that no escape reaches a
 * route that the plain path would not.
 */

interface Pathed {
  readonly path: string;
}

export interface Match<T> {
  readonly targets: readonly T[];
  /** Collapsed, still encoded. */
  readonly path: string;
  readonly params: readonly string[];
}

/** 'bad' for a path with a broken escape, 'missing' for one that no route may ever see. */
export type Found<T> = readonly Match<T>[] | 'bad' | 'missing';

interface Pattern<T> {
  readonly segments: readonly string[];
  readonly targets: T[];
}

const NONE: readonly never[] = [];

export class Router<T extends Pathed> {
  readonly #exact = new Map<string, readonly Match<T>[]>();
  readonly #patterns: Pattern<T>[] = [];

  /** Throws an Error for a path that is not of the form described in call.ts. */
  constructor(targets: readonly T[]) {
    const groups = new Map<string, T[]>();
    for (const target of targets) {
      const shape = shapeOf(target.path);
      groups.set(shape, [...(groups.get(shape) ?? []), target]);
    }
    for (const [shape, grouped] of groups) {
      this.#patterns.push({ segments: shape.slice(1).split('/'), targets: grouped });
    }
    this.#patterns.sort((a, b) => (rank(a.segments) < rank(b.segments) ? -1 : 1));
    for (const shape of groups.keys()) {
      if (!/:|\*$/.test(shape)) this.#exact.set(shape, this.#search(shape, shape.slice(1)));
    }
  }

  /** All that matches `path` (as on the request line, without query), the most special first. */
  find(path: string): Found<T> {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return exact;
    const collapsed = path.replace(/\/{2,}/g, '/');
    const exactNow = this.#exact.get(collapsed);
    if (exactNow !== undefined) return exactNow;
    const decoded = decodePath(collapsed);
    return typeof decoded === 'string' ? decoded : this.#search(collapsed, decoded);
  }

  #search(path: string, decoded: string | readonly string[]): readonly Match<T>[] {
    const segments = typeof decoded === 'string' ? decoded.split('/') : decoded;
    const found: Match<T>[] = [];
    for (const pattern of this.#patterns) {
      const params = match(pattern.segments, segments);
      if (params !== undefined) found.push({ targets: pattern.targets, path, params });
    }
    return found;
  }
}

/** A path with the names of its parameters taken out, so that equal patterns group. */
function shapeOf(path: string): string {
  if (!/^\/(?:[^/:*?#%]+|:\w+|\/(?=.))*\/?\*?$/.test(path) || path.includes('//')) {
    throw new Error(`"${path}" is not a route path`);
  }
  return path.replace(/:\w+/g, ':');
}

/** Sorts a fixed segment before a parameter, and that before any rest, from left to right. */
function rank(segments: readonly string[]): string {
  const order = (segment: string) => (segment === '*' ? '2' : segment === ':' ? '1' : '0');
  return segments.map(order).join('');
}

function match(
  pattern: readonly string[],
  segments: readonly string[],
): readonly string[] | undefined {
  const open = pattern.at(-1) === '*';
  const fixed = open ? pattern.length - 1 : pattern.length;
  if (open ? segments.length < pattern.length : segments.length !== fixed) return undefined;
  let params: string[] | undefined;
  for (let index = 0; index < fixed; index += 1) {
    const segment = segments[index] as string;
    if (pattern[index] === ':') {
      if (segment === '') return undefined;
      params ??= [];
      params.push(segment);
    } else if (pattern[index] !== segment) {
      return undefined;
    }
  }
  return params ?? NONE;
}

/** The decoded segments of a collapsed path; see {@link Found} for the words. */
function decodePath(path: string): string[] | 'bad' | 'missing' {
  const segments = path.slice(1).split('/');
  for (const [index, segment] of segments.entries()) {
    if (segment.includes('%')) {
      const plain = decodeSegment(segment);
      if (plain === undefined) return 'bad';
      segments[index] = plain;
    }
    if (hasDotSegment(segments[index] as string)) return 'missing';
  }
  return segments;
}

function decodeSegment(segment: string): string | undefined {
  try {
    const plain = decodeURIComponent(segment);
    return plain.includes('\0') ? undefined : plain;
  } catch {
    return undefined;
  }
}

/** `.` and `..`, also behind an encoded slash, and behind the backslash some systems accept. */
function hasDotSegment(segment: string): boolean {
  return /(?:^|[/\\])\.{1,2}(?:$|[/\\])/.test(segment);
}
