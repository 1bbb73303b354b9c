/** What the servers of the D-TA and of the proxy have in common. */
import { type Answer, answer, HttpError, type JsonObject } from '../http/call.js';

/** Fields that every answer of a service carries: the hosted side marks its own with a version. */
export type Marks = Readonly<Record<string, string>>;

export const DTA_MARKS: Marks = {};
export const HOSTED_MARKS: Marks = { version: '3' };

/** Longest body in bytes: all these endpoints are GETs, and none reads a body. */
export const BODY_BYTES_MAX = 1024;
/** How long a stop waits for answers under way, in milliseconds: they take one or two. */
export const STOP_GRACE_MS = 5000;

/** Seconds after which a query refused for want of room may come again. */
const RETRY_AFTER_SECONDS = '1';

/** A 200 with `message: "OK"`. */
export function ok(body: JsonObject, marks: Marks): Answer {
  return answer(200, { ...body, message: 'OK', ...marks });
}

/** 503: what is asked for cannot be had now, and may be had soon. */
export function unavailable(message: string): HttpError {
  return new HttpError(503, message, { 'Retry-After': RETRY_AFTER_SECONDS });
}

/** The bodies a server gives where no route is asked: errors, unknown paths, preflights. */
export function repliesOf(serviceName: string, marks: Marks) {
  const error = (status: number, message: string): JsonObject => ({
    code: status,
    message,
    ...marks,
  });
  return {
    error,
    notFound: (): JsonObject => ({ ...error(404, 'URI NOT FOUND'), service_name: serviceName }),
    preflight: (): JsonObject => ({ message: 'options request', ...marks }),
  };
}
