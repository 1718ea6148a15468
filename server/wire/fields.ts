// Reads the fields of a request and says in the caller's words which one is not what it must be.
//
// Everywhere: null and absent are the same; `path` is where the object stands (`messages.0`), '' at the top.

import { isObject, type JsonObject } from './json.ts';
import { WireError } from './scan.ts';

export function textField(from: JsonObject, name: string, path = ''): string | null {
  const value = from[name] ?? null;
  if (value !== null && typeof value !== 'string') throw mustBe(join(path, name), 'a string');
  return value;
}

export function requiredText(from: JsonObject, name: string, path = ''): string {
  const value = textField(from, name, path);
  if (value === null) throw mustBe(join(path, name), 'a string');
  return value;
}

export function numberField(from: JsonObject, name: string, path = ''): number | null {
  const value = from[name] ?? null;
  if (value !== null && typeof value !== 'number') throw mustBe(join(path, name), 'a number');
  return value;
}

export function integerField(from: JsonObject, name: string, path = ''): number | null {
  const value = numberField(from, name, path);
  if (value !== null && !Number.isInteger(value)) throw mustBe(join(path, name), 'an integer');
  return value;
}

export function flagField(from: JsonObject, name: string, path = ''): boolean | null {
  const value = from[name] ?? null;
  if (value !== null && typeof value !== 'boolean') throw mustBe(join(path, name), 'true or false');
  return value;
}

export function objectField(from: JsonObject, name: string, path = ''): JsonObject | null {
  const value = from[name] ?? null;
  return value === null ? null : asObject(value, join(path, name));
}

export function requiredObject(from: JsonObject, name: string, path = ''): JsonObject {
  return asObject(from[name], join(path, name));
}

export function listField(from: JsonObject, name: string, path = ''): readonly unknown[] {
  const value = from[name] ?? [];
  if (!Array.isArray(value)) throw mustBe(join(path, name), 'a list');
  return value;
}

export function asObject(value: unknown, path: string): JsonObject {
  if (!isObject(value)) throw mustBe(path, 'an object');
  return value;
}

export function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

export function mustBe(path: string, what: string): WireError {
  return new WireError('invalid-field', `Cannot read the request: ${path} must be ${what}`, path);
}

/** The objects of a list, each with the path by which it is found. */
export function objectsOf(list: readonly unknown[], path: string): { item: JsonObject; path: string }[] {
  if (list.length === 0) return [];
  return list.map((value, index) => {
    const at = `${path}[${index}]`;
    return { item: asObject(value, at), path: at };
  });
}
