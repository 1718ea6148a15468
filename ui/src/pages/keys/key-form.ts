// An API key as its form has it: what may be entered, what of it is to be saved, and where the API found fault. Pure.

import { SURFACES } from '../../lib/request-filter.ts';
import { momentOfWallTime, wallTimeOf } from '../../lib/wall-time.ts';

export type Surface = (typeof SURFACES)[number];
export interface Named {
  id: string;
  name: string;
}

/** Null = all; an empty list = none. */
export type Choice = readonly string[] | null;

/** What inputs of type number give: text while typing, a number, or nothing. */
type Entered = string | number | null;

export const EXPIRIES = ['7d', '30d', '90d', 'never', 'at'] as const;
export type Expiry = (typeof EXPIRIES)[number];

export const NUMBER_FIELDS = [
  'requestsPerMinute',
  'tokensPerMinute',
  'maxConcurrent',
  'budgetUsdPerDay',
  'budgetUsdPerMonth',
] as const;
export type NumberField = (typeof NUMBER_FIELDS)[number];

export type KeyForm = Record<NumberField, Entered> & {
  name: string;
  /** Empty = standalone. */
  userId: string;
  enabled: boolean;
  expiry: Expiry;
  /** Wall time of the zone shown, for `at`. */
  expiresAt: string;
  models: Choice;
  providers: Choice;
  surfaces: Choice;
  /** Null = anywhere; else one address or range a line. */
  addresses: string | null;
};

/** As the API takes it; lists as JSON text, so that they compare as values. */
export type KeyFields = Record<NumberField, number | null> & {
  name: string;
  userId: string | null;
  enabled: boolean;
  expiresAt: string | null;
  allowedModelIds: string;
  allowedProviderIds: string;
  allowedSurfaces: string;
  allowedIps: string;
};
export type KeyField = keyof KeyFields;

export const KEY_FIELDS = [
  'name',
  'userId',
  'enabled',
  ...NUMBER_FIELDS,
  'expiresAt',
  'allowedModelIds',
  'allowedProviderIds',
  'allowedSurfaces',
  'allowedIps',
] as const satisfies readonly KeyField[];

/** What a key is as far as its form goes. */
export type KeyLike = Record<NumberField, number | null> & {
  name: string;
  enabled: boolean;
  user: { id: string } | null;
  expiresAt: string | null;
  allowedModels: readonly Named[] | null;
  allowedProviders: readonly Named[] | null;
  allowedSurfaces: readonly string[] | null;
  allowedIps: readonly string[] | null;
};

const DAY_MS = 86_400_000;
const LENGTHS_MS = { '7d': 7 * DAY_MS, '30d': 30 * DAY_MS, '90d': 90 * DAY_MS } as const;

export const MAXIMA: Readonly<Record<NumberField, number>> = {
  requestsPerMinute: 1_000_000_000,
  tokensPerMinute: 1_000_000_000,
  maxConcurrent: 1_000_000,
  budgetUsdPerDay: 1_000_000_000,
  budgetUsdPerMonth: 1_000_000_000,
};

const NO_NUMBERS: Readonly<Record<NumberField, null>> = {
  requestsPerMinute: null,
  tokensPerMinute: null,
  maxConcurrent: null,
  budgetUsdPerDay: null,
  budgetUsdPerMonth: null,
};

/** A form that restricts nothing. */
export function emptyForm(): KeyForm {
  return {
    name: '',
    userId: '',
    enabled: true,
    ...NO_NUMBERS,
    expiry: 'never',
    expiresAt: '',
    models: null,
    providers: null,
    surfaces: null,
    addresses: null,
  };
}

export function formOf(key: KeyLike, timeZone: string): KeyForm {
  const { name, enabled, user, expiresAt, allowedModels, allowedProviders, allowedSurfaces, allowedIps } =
    key;
  return {
    ...numbersOf(key),
    name,
    userId: user?.id ?? '',
    enabled,
    expiry: expiresAt === null ? 'never' : 'at',
    expiresAt: expiresAt === null ? '' : wallTimeOf(Date.parse(expiresAt), timeZone),
    models: allowedModels?.map(({ id }) => id) ?? null,
    providers: allowedProviders?.map(({ id }) => id) ?? null,
    surfaces: allowedSurfaces,
    addresses: allowedIps?.join('\n') ?? null,
  };
}

export function fieldsOf(key: KeyLike): KeyFields {
  const { name, enabled, user, expiresAt, allowedModels, allowedProviders, allowedSurfaces, allowedIps } =
    key;
  return {
    ...numbersOf(key),
    name,
    userId: user?.id ?? null,
    enabled,
    expiresAt,
    allowedModelIds: listText(allowedModels?.map(({ id }) => id) ?? null),
    allowedProviderIds: listText(allowedProviders?.map(({ id }) => id) ?? null),
    allowedSurfaces: listText(allowedSurfaces),
    allowedIps: listText(allowedIps),
  };
}

/** Of a key that nothing is known of yet. */
export function fieldsOfNothing(): KeyFields {
  const all = listText(null);
  return {
    ...NO_NUMBERS,
    name: '',
    userId: null,
    enabled: true,
    expiresAt: null,
    allowedModelIds: all,
    allowedProviderIds: all,
    allowedSurfaces: all,
    allowedIps: all,
  };
}

export type FaultCode = 'name' | 'whole' | 'money' | 'expiry' | 'past';
export type Faults = Partial<Record<KeyField, FaultCode>>;

interface Reading {
  nowMs: number;
  timeZone: string;
  /** Of the key as it was when the form was opened: the form shows it to the minute only. */
  expiresAt: string | null;
}

/** The values of the form, or what is wrong with it. */
export function readForm(
  form: KeyForm,
  reading: Reading,
): { fields: KeyFields; faults: null } | { fields: null; faults: Faults } {
  const faults: Faults = {};
  const name = form.name.trim();
  if (name === '') faults.name = 'name';
  const numbers = numbersOf(form);
  const read: Partial<Record<NumberField, number | null>> = {};
  for (const field of NUMBER_FIELDS) {
    const value = readNumber(numbers[field]);
    const isMoney = field.startsWith('budget');
    const isRight =
      value === null || (value > 0 && value <= MAXIMA[field] && (isMoney || Number.isInteger(value)));
    if (isRight) read[field] = value;
    else faults[field] = isMoney ? 'money' : 'whole';
  }
  const expiresAt = readExpiry(form, reading);
  if (typeof expiresAt === 'object' && expiresAt !== null) faults.expiresAt = expiresAt.fault;
  if (Object.keys(faults).length > 0) return { fields: null, faults };
  return {
    faults: null,
    fields: {
      requestsPerMinute: read.requestsPerMinute ?? null,
      tokensPerMinute: read.tokensPerMinute ?? null,
      maxConcurrent: read.maxConcurrent ?? null,
      budgetUsdPerDay: read.budgetUsdPerDay ?? null,
      budgetUsdPerMonth: read.budgetUsdPerMonth ?? null,
      name,
      userId: form.userId || null,
      enabled: form.enabled,
      expiresAt: typeof expiresAt === 'string' ? expiresAt : null,
      allowedModelIds: listText(form.models),
      allowedProviderIds: listText(form.providers),
      allowedSurfaces: listText(form.surfaces),
      allowedIps: listText(form.addresses === null ? null : linesOf(form.addresses)),
    },
  };
}

/** What is given to the API. */
export type KeyInput = Record<NumberField, number | null> & {
  name: string;
  userId: string | null;
  enabled: boolean;
  expiresAt: string | null;
  allowedModelIds: string[] | null;
  allowedProviderIds: string[] | null;
  allowedSurfaces: Surface[] | null;
  allowedIps: string[] | null;
};

/** Only what is not as it was: saving over another's work then undoes no more of it than it has to. */
export function changesOf(before: KeyFields, mine: KeyFields): Partial<KeyInput> {
  const input = inputOf(mine);
  const changed = KEY_FIELDS.filter((field) => !Object.is(before[field], mine[field]));
  return Object.fromEntries(changed.map((field) => [field, input[field]]));
}

function inputOf(fields: KeyFields): KeyInput {
  const surfaces = listOf(fields.allowedSurfaces);
  return {
    ...fields,
    allowedModelIds: listOf(fields.allowedModelIds),
    allowedProviderIds: listOf(fields.allowedProviderIds),
    allowedSurfaces: surfaces && SURFACES.filter((name) => surfaces.includes(name)),
    allowedIps: listOf(fields.allowedIps),
  };
}

/** The list that a field holds as text. */
function listOf(text: string): string[] | null {
  const list: unknown = JSON.parse(text);
  return Array.isArray(list) ? list.map(String) : null;
}

/** The field that an error of the API is about; null = the form has none for it. */
export function fieldOfError(path: readonly string[] | null): KeyField | null {
  return KEY_FIELDS.find((field) => field === path?.[1]) ?? null;
}

/** The ways to expire that are offered: a moment of its own is the way of keys that have one. */
function readExpiry(
  { expiry, expiresAt }: KeyForm,
  { nowMs, timeZone, expiresAt: known }: Reading,
): string | null | { fault: FaultCode } {
  if (expiry === 'never') return null;
  if (expiry !== 'at') return new Date(nowMs + LENGTHS_MS[expiry]).toISOString();
  if (known !== null && expiresAt === wallTimeOf(Date.parse(known), timeZone)) return known;
  const ms = momentOfWallTime(expiresAt, timeZone);
  if (ms === null) return { fault: 'expiry' };
  return ms > nowMs ? new Date(ms).toISOString() : { fault: 'past' };
}

/** Null = left empty; NaN = no number. */
function readNumber(entered: Entered): number | null {
  if (entered === null || String(entered).trim() === '') return null;
  return Number(entered);
}

function numbersOf<Value>(from: Record<NumberField, Value>): Record<NumberField, Value> {
  const { requestsPerMinute, tokensPerMinute, maxConcurrent, budgetUsdPerDay, budgetUsdPerMonth } = from;
  return { requestsPerMinute, tokensPerMinute, maxConcurrent, budgetUsdPerDay, budgetUsdPerMonth };
}

/** In one order, whatever the order in which they were chosen. */
function listText(list: Choice): string {
  return JSON.stringify(list && [...new Set(list)].sort());
}

function linesOf(text: string): string[] {
  return text
    .split(/[\n,]/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
