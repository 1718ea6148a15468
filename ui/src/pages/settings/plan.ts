// What an import would do, as people compare it: per kind and name, value by value; and where its faults stand in the text. Pure.

export const CHANGE_KINDS = ['CREATE', 'UPDATE', 'DELETE'] as const;
export type ChangeKind = (typeof CHANGE_KINDS)[number];

export interface Change {
  kind: ChangeKind;
  type: string;
  name: string;
  fields: readonly FieldChange[];
}

/** As the API tells it: JSON, or a mark in place of a secret. */
interface FieldChange {
  name: string;
  before: string | null;
  after: string | null;
}

/** What a secret's value is told as. */
type SecretMark = 'set' | 'changed';
export type Side = { secret: SecretMark } | { text: string } | null;

/** One value before and after; parts of a block have a line of their own. */
interface Line {
  name: string;
  before: Side;
  after: Side;
}

const ENTRY_TYPES = [
  'settings',
  'provider',
  'endpoint',
  'account',
  'model',
  'mapping',
  'user',
  'api-key',
] as const;

export const FORMATS = ['WARMPATH_YAML', 'LITELLM_YAML', 'ONE_API_JSON'] as const;
export type Format = (typeof FORMATS)[number];

/** By its look; a person can choose another. */
export function guessFormat(text: string): Format {
  if (/^\s*[[{]/.test(text)) return 'ONE_API_JSON';
  return /^(model_list|litellm_settings|router_settings|general_settings)\s*:/m.test(text)
    ? 'LITELLM_YAML'
    : 'WARMPATH_YAML';
}

export function countsOf(changes: readonly Change[]): Record<ChangeKind, number> {
  const counts = { CREATE: 0, UPDATE: 0, DELETE: 0 };
  for (const { kind } of changes) counts[kind] += 1;
  return counts;
}

/** In the order in which a configuration is read; kinds that this panel does not know come last. */
export function groupsOf(changes: readonly Change[]): { type: string; changes: readonly Change[] }[] {
  const types = new Set<string>([...ENTRY_TYPES, ...changes.map(({ type }) => type)]);
  return [...types].flatMap((type) => {
    const own = changes.filter((change) => change.type === type);
    return own.length === 0 ? [] : [{ type, changes: own }];
  });
}

/** Blocks are compared part by part; what is the same on both sides is left out. */
export function linesOf({ name, before, after }: FieldChange): Line[] {
  const [was, is] = [read(before), read(after)];
  if (!isBlock(was.value) && !isBlock(is.value)) return [{ name, before: was.side, after: is.side }];
  const parts = new Set([...keysOf(was.value), ...keysOf(is.value)]);
  return [...parts].flatMap((key) => {
    const [from, to] = [partOf(was.value, key), partOf(is.value, key)];
    return from === to ? [] : linesOf({ name: `${name}.${key}`, before: from, after: to });
  });
}

interface Read {
  value: unknown;
  side: Side;
}

const MARKS: Readonly<Record<string, SecretMark>> = { '(set)': 'set', '(changed)': 'changed' };

function read(json: string | null): Read {
  if (json === null) return { value: null, side: null };
  const mark = Object.hasOwn(MARKS, json) ? MARKS[json] : undefined;
  if (mark) return { value: null, side: { secret: mark } };
  try {
    const value: unknown = JSON.parse(json);
    return { value, side: { text: typeof value === 'string' ? value : json } };
  } catch {
    return { value: null, side: { text: json } };
  }
}

function isBlock(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function keysOf(value: unknown): string[] {
  return isBlock(value) ? Object.keys(value) : [];
}

function partOf(value: unknown, key: string): string | null {
  const part: unknown = isBlock(value) && Object.hasOwn(value, key) ? Reflect.get(value, key) : null;
  return part === null || part === undefined ? null : JSON.stringify(part);
}

interface Fault {
  message: string;
  /** Such as `providers[0].name`; null = the text as a whole, or the message tells it. */
  place: string | null;
  /** 1-based; null when it could not be placed. */
  line: number | null;
}

/** An error of the API with its place in the text: the last element of the path, and the line that the message names. `inWords`: of the panel, in place of the message. */
export function faultOf(
  { message, path }: { message: string; path: readonly string[] | null },
  inWords: string | null = null,
): Fault {
  const line = /\(line (\d+)\)/.exec(message)?.[1];
  const place = path?.[2] ?? null;
  const told = inWords ?? message;
  const isTold = place !== null && told.includes(place);
  return { message: told, place: isTold ? null : place, line: line === undefined ? null : Number(line) };
}

/** Of the line in the text, without its break: `[start, end)`. */
export function lineRange(text: string, line: number): { start: number; end: number } {
  let start = 0;
  for (let number = 1; number < line; number += 1) {
    const next = text.indexOf('\n', start);
    if (next < 0) break;
    start = next + 1;
  }
  const end = text.indexOf('\n', start);
  return { start, end: end < 0 ? text.length : end };
}
