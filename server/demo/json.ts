// What the demo needs beyond the wire's reading of JSON. Pure.

import { isObject, type JsonObject, parseJson } from '../wire/json.ts';

/** The text as a JSON object, or null when it is anything else. */
export function parseJsonObject(text: string): JsonObject | null {
  const value = parseJson(text);
  return isObject(value) ? value : null;
}

/** The array's objects; anything that is not an array has none. */
export function jsonObjects(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}
