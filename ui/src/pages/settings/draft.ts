// What a person has entered against what is stored: differences, faults, the input to send, and conflicts. Pure.

import type { InputError } from '../../parts/problem-text.ts';
import { controlOf, FIELD_PATHS, type FieldPath } from './fields.ts';

/** A stored value; of a webhook only its origin is known. */
export type Value = boolean | number | string | readonly string[] | null;
export type Values = Readonly<Record<FieldPath, Value>>;

/** As the control holds it: numbers and lists are text. Null = a secret that is left as it is. */
export type Entry = boolean | string | null;
export type Draft = Record<FieldPath, Entry>;

export type FaultCode = 'number' | 'whole' | 'large';

/** One setting that somebody else has changed. */
export interface OtherChange {
  path: FieldPath;
  before: Value;
  after: Value;
  /** It is edited here as well. */
  isMine: boolean;
}

const PERCENT = 100;
/** GraphQL's Int has 32 bits. */
const LARGEST = 2_147_483_647;

/** The settings as the API gives them, by path. */
export function valuesOf(settings: unknown): Values {
  const values: Partial<Record<FieldPath, Value>> = {};
  for (const path of FIELD_PATHS) values[path] = valueAt(settings, SOURCES[path] ?? path);
  return values as Values;
}

const SOURCES: Partial<Record<FieldPath, string>> = { 'alerts.webhookUrl': 'alerts.webhookOrigin' };

function valueAt(block: unknown, path: string): Value {
  const value = path.split('.').reduce<unknown>((part, key) => memberOf(part, key), block);
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  return Array.isArray(value) ? value.map(String) : null;
}

function memberOf(block: unknown, key: string): unknown {
  return typeof block === 'object' && block !== null ? Reflect.get(block, key) : undefined;
}

export function draftOf(values: Values): Draft {
  const draft: Partial<Draft> = {};
  for (const path of FIELD_PATHS) draft[path] = entryOf(path, values[path]);
  return draft as Draft;
}

export function entryOf(path: FieldPath, value: Value): Entry {
  const control = controlOf(path);
  switch (control.kind) {
    case 'switch':
      return value === true;
    case 'choice':
      return String(value ?? '');
    case 'lines':
      return Array.isArray(value) ? value.join('\n') : '';
    case 'number':
      return typeof value === 'number'
        ? String(control.unit === 'percent' ? tidy(value * PERCENT) : value)
        : '';
    case 'secret':
      return null;
    default:
      return control satisfies never;
  }
}

/** 0.3 × 100 is not 30. */
function tidy(value: number): number {
  return Math.round(value * 1e9) / 1e9;
}

type Parsed = { value: Value } | { fault: FaultCode };

/** What is entered as the API wants it. Ranges are the API's to judge. */
export function parsed(path: FieldPath, entry: Entry): Parsed {
  const control = controlOf(path);
  switch (control.kind) {
    case 'switch':
    case 'choice':
    case 'secret':
      return { value: typeof entry === 'string' ? entry.trim() : entry };
    case 'lines':
      return { value: linesOf(String(entry ?? '')) };
    case 'number':
      return number(String(entry ?? '').trim(), control);
    default:
      return control satisfies never;
  }
}

function linesOf(text: string): string[] {
  return text
    .split(/[\s,;]+/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function number(
  text: string,
  { unit, isWhole, isOptional }: { unit: string; isWhole: boolean; isOptional: boolean },
): Parsed {
  if (text === '' && isOptional) return { value: null };
  // A decimal comma is how half of the world writes it.
  const value = text === '' ? Number.NaN : Number(text.replace(/^(-?\d+),(\d+)$/, '$1.$2'));
  if (!Number.isFinite(value)) return { fault: 'number' };
  if (isWhole && !Number.isInteger(value)) return { fault: 'whole' };
  if (Math.abs(value) > LARGEST) return { fault: 'large' };
  return { value: unit === 'percent' ? tidy(value / PERCENT) : value };
}

export function isChanged(path: FieldPath, { saved, draft }: { saved: Values; draft: Draft }): boolean {
  const entry = draft[path];
  if (controlOf(path).kind === 'secret') return entry !== null;
  const now = parsed(path, entry);
  return 'fault' in now || !isSame(now.value, saved[path]);
}

/** What is entered is what a gateway has that nobody has changed; of a secret there is no such thing. */
export function isDefault(path: FieldPath, { defaults, draft }: { defaults: Values; draft: Draft }): boolean {
  const now = parsed(path, draft[path]);
  return controlOf(path).kind === 'secret' || ('value' in now && isSame(now.value, defaults[path]));
}

function isSame(one: Value, other: Value): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function faultsOf(paths: readonly FieldPath[], draft: Draft): Map<FieldPath, FaultCode> {
  const faults = new Map<FieldPath, FaultCode>();
  for (const path of paths) {
    const now = parsed(path, draft[path]);
    if ('fault' in now) faults.set(path, now.fault);
  }
  return faults;
}

interface InputBlock {
  [key: string]: Value | InputBlock;
}

/** The nested input for these fields; faulty ones are left out. */
export function inputOf(paths: readonly FieldPath[], draft: Draft): InputBlock {
  const input: InputBlock = {};
  for (const path of paths) {
    const now = parsed(path, draft[path]);
    if ('value' in now) put(input, path.split('.'), now.value);
  }
  return input;
}

function put(block: InputBlock, [key, ...rest]: readonly string[], value: Value): void {
  if (key === undefined) return;
  if (rest.length === 0) {
    block[key] = value;
    return;
  }
  const inner = block[key];
  const next = isBlock(inner) ? inner : {};
  block[key] = next;
  put(next, rest, value);
}

function isBlock(value: InputBlock[string] | undefined): value is InputBlock {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The field that an error of the API is about; null when it is about none of them. */
export function fieldOfError(path: readonly string[] | null): FieldPath | null {
  const steps = (path ?? []).slice(1);
  // A fault inside of a list belongs to the list.
  for (let length = steps.length; length > 0; length -= 1) {
    const name = steps.slice(0, length).join('.');
    const found = FIELD_PATHS.find((field) => field === name);
    if (found) return found;
  }
  return null;
}

/** The API's words about fields, the first of each; an entry of a list is named as it was entered. */
export function refusalsOf(errors: readonly Refusal[], draft: Draft): Map<FieldPath, Refused> {
  const refusals = new Map<FieldPath, Refused>();
  for (const { message, path, problem, min, max } of errors) {
    const field = fieldOfError(path);
    if (!field || refusals.has(field)) continue;
    const index = path?.at(-1) ?? '';
    const now = parsed(field, draft[field]);
    const entry = 'value' in now && Array.isArray(now.value) ? now.value[Number(index)] : undefined;
    const named = entry === undefined ? message : message.replace(`${field}.${index}`, () => `"${entry}"`);
    refusals.set(field, { message: named, problem, min, max, entry: entry ?? null });
  }
  return refusals;
}

type Refusal = Omit<InputError, 'code'>;

/** `entry`: of a list, the one at fault. */
export type Refused = Omit<Refusal, 'path'> & { entry: string | null };

/** What differs between two states of the settings. */
export function changesElsewhere(
  before: Values,
  after: Values,
  isMine: (path: FieldPath) => boolean,
): OtherChange[] {
  return FIELD_PATHS.filter((path) => !isSame(before[path], after[path])).map((path) => ({
    path,
    before: before[path],
    after: after[path],
    isMine: isMine(path),
  }));
}

/** The draft over another stored state: edits stay, but for those given up; the rest follows. */
export function rebased(
  { saved, draft }: { saved: Values; draft: Draft },
  present: Values,
  givenUp: readonly FieldPath[] = [],
): Draft {
  const next = draftOf(present);
  for (const path of FIELD_PATHS) {
    if (!givenUp.includes(path) && isChanged(path, { saved, draft })) next[path] = draft[path];
  }
  return next;
}
