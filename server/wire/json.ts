// Reading unknown JSON without casts.

export type JsonObject = { readonly [field: string]: unknown };

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The field as an object; an empty one when it is absent or something else. */
export function objectAt(value: unknown, field: string): JsonObject {
  const inner = isObject(value) ? value[field] : undefined;
  return isObject(inner) ? inner : {};
}

export function textAt(value: unknown, field: string): string | null {
  const inner = isObject(value) ? value[field] : undefined;
  return typeof inner === 'string' ? inner : null;
}

export function listAt(value: unknown, field: string): readonly unknown[] {
  const inner = isObject(value) ? value[field] : undefined;
  return Array.isArray(inner) ? inner : [];
}

/** Parses JSON text; undefined when it is not JSON. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return undefined;
  }
}

/** What a table says of a word from outside; undefined when it says nothing, also for words every object knows (`constructor`). */
export function entryOf<Value>(table: Readonly<Record<string, Value>>, word: string): Value | undefined {
  return Object.hasOwn(table, word) ? table[word] : undefined;
}
