/**
 * Reading of JSON bodies. Everything from the wire is `unknown` until one of these has looked at
 * it; they answer undefined for what is not of the asked form and leave the status to the route.
 */
import type { JsonObject } from './call.js';

// A byte order mark is no part of JSON, and U+FFFD in place of bad bytes would change an
// identity silently: both must fail instead.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Parses text that must be a JSON object; undefined for anything else. */
export function parseJsonText(text: string): JsonObject | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isJsonObject(value) ? value : undefined;
}

/** Parses UTF-8 bytes that must be a JSON object; undefined for anything else. */
export function parseJsonObject(body: Uint8Array): JsonObject | undefined {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    return undefined;
  }
  return parseJsonText(text);
}

/** True for an object that is neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text under `name`; undefined when it is absent or of another type. */
export function textField(object: JsonObject, name: string): string | undefined {
  const value = ownField(object, name);
  return typeof value === 'string' ? value : undefined;
}

/** The object under `name`; undefined when it is absent or of another type. */
export function objectField(object: JsonObject, name: string): JsonObject | undefined {
  const value = ownField(object, name);
  return isJsonObject(value) ? value : undefined;
}

/** The finite number under `name`; undefined when it is absent or of another type. */
export function numberField(object: JsonObject, name: string): number | undefined {
  const value = ownField(object, name);
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** The boolean under `name`; undefined when it is absent or of another type. */
export function booleanField(object: JsonObject, name: string): boolean | undefined {
  const value = ownField(object, name);
  return typeof value === 'boolean' ? value : undefined;
}

/** What clients mean by a flag (contract §1, 12): true, 1 and "1" are yes, all else is no. */
export function looseFlag(object: JsonObject, name: string): boolean {
  const value = ownField(object, name);
  return value === true || value === 1 || value === '1' || value === 'true';
}

/** A field the sender wrote, never one that every object inherits. */
function ownField(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
