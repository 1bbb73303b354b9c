import type { Awaitable } from './store.js';

/**
 * Goes on with a value in the same turn where it is there, and once it comes where it is not. An
 * `await` would wait in either case, and what waits is answered outside of its request's turn.
 */
export function after<Value, Next>(
  value: Awaitable<Value>,
  next: (value: Value) => Next,
): Next | Promise<Awaited<Next>> {
  if (value instanceof Promise) return value.then(next) as Promise<Awaited<Next>>;
  return next(value);
}
