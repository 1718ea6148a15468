// Reads the fields of a request together with where they stand.

import { asObject, flagField, join, listField, mustBe, numberField, textField } from '../fields.ts';
import type { JsonObject } from '../json.ts';

/** A JSON object and where it stands: '' is the request itself. */
export interface Place {
  value: JsonObject;
  path: string;
}

export function pathOf(place: Place, field: string): string {
  return join(place.path, field);
}

export function placeOf(value: unknown, path: string): Place {
  return { value: asObject(value, path === '' ? 'the request' : path), path };
}

export function textIn({ value, path }: Place, field: string): string | null {
  return textField(value, field, path);
}

export function requiredText(place: Place, field: string): string {
  const value = textIn(place, field);
  if (value === null) throw mustBe(pathOf(place, field), 'a string');
  return value;
}

export function numberIn({ value, path }: Place, field: string): number | null {
  return numberField(value, field, path);
}

export function booleanIn({ value, path }: Place, field: string): boolean | null {
  return flagField(value, field, path);
}

export function objectIn(place: Place, field: string): Place | null {
  const value = place.value[field] ?? null;
  return value === null ? null : placeOf(value, pathOf(place, field));
}

export function listIn(place: Place, field: string): Place[] {
  const path = pathOf(place, field);
  return listField(place.value, field, place.path).map((entry, index) => placeOf(entry, `${path}[${index}]`));
}
