// Reads the fields of Gemini's JSON, whose names may be written in camelCase or snake_case and whose lists may be single objects.

import type { Lose } from '../chat.ts';
import { join, mustBe, objectField } from '../fields.ts';
import { isObject, type JsonObject } from '../json.ts';

/**
 * The object with its own field names in camelCase; values stay as they are. Google's JSON reader takes both spellings.
 * Source: Protocol Buffers guide, "ProtoJSON format".
 */
export function camelFields(object: JsonObject): JsonObject {
  // Nearly every object is written so already, and this is asked of every part.
  if (!Object.keys(object).some((name) => name.includes('_'))) return object;
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [camelCase(name), value]));
}

function camelCase(name: string): string {
  return name.includes('_')
    ? name.replace(/(?<=.)_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase())
    : name;
}

/** The field as an object with camelCase names; null when absent. */
export function camelField(fields: JsonObject, name: string, path: string): JsonObject | null {
  const value = objectField(fields, name, path);
  return value === null ? null : camelFields(value);
}

/** The field as a list; a single object counts as a list of one, as it does for Google (its own guides write it so). */
export function looseList(fields: JsonObject, name: string, path: string): readonly unknown[] {
  const value = fields[name];
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  if (isObject(value)) return [value];
  throw mustBe(join(path, name), 'a list');
}

/** A number, also when written as text: 64-bit counts are. */
export function looseNumber(fields: JsonObject, name: string, path: string): number | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value === 'number') return value;
  if (typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)) return Number(value);
  throw mustBe(join(path, name), 'a number');
}

export function textList(fields: JsonObject, name: string, path: string): string[] {
  const value = fields[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw mustBe(join(path, name), 'a list of texts');
  return value.map((item: unknown, index) => {
    if (typeof item !== 'string') throw mustBe(`${join(path, name)}[${index}]`, 'a string');
    return item;
  });
}

/** Notes every field with a value that is not among the known ones. */
export function loseUnknown(
  fields: JsonObject,
  known: ReadonlySet<string>,
  { path, lose }: { path: string; lose: Lose },
): void {
  for (const [name, value] of Object.entries(fields)) {
    if (!known.has(name) && value !== null && value !== undefined) lose('unknown-field', join(path, name));
  }
}
