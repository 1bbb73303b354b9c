/**
 * What a route does, for people and their tools. Tables of these stand beside the routes, and a
 * test holds them together: no route without a description, no description without a route.
 */
import type { Schema } from './schema.js';

export type Role = 'rps' | 'auth' | 'dta' | 'hosted';

/** A reply in words, with the common body of errors; or a body of its own. */
export type ReplyDescription =
  | string
  | {
      readonly description: string;
      /** Undefined for an empty body. */
      readonly schema?: Schema;
      /** Media type of the body; application/json when absent. */
      readonly type?: string;
    };

export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT';
  /** As routes have it, with `:name` for a segment. */
  readonly path: string;
  readonly access: 'public' | 'private';
  /** One line. */
  readonly summary: string;
  /** What else a caller must know. */
  readonly description?: string;
  /** Parameters of the path, in order. */
  readonly params?: Readonly<Record<string, Schema>>;
  /** Parameters of the query; names that end in `?` may be absent. */
  readonly query?: Readonly<Record<string, Schema>>;
  /** Body of the request: JSON whatever its Content-Type. Absent when none is read. */
  readonly body?: Schema;
  readonly replies: Readonly<Record<number, ReplyDescription>>;
}

/** The operations of one role by their group. */
export type Operations = Readonly<Record<string, readonly Operation[]>>;
