// A model as a form of texts, and back to what the API takes. Pure.

import type { VariablesOf } from '../../lib/graphql.ts';
import type { Model, UPDATE_MODEL } from './queries.ts';

export const PRICE_FIELDS = ['input', 'cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'output'] as const;
export type PriceField = (typeof PRICE_FIELDS)[number];
export const POLICIES = [
  'WARM_COST',
  'SESSION',
  'API_KEY',
  'ROUND_ROBIN',
  'LEAST_LOADED',
  'FIXED_ORDER',
] as const;
export const PROFILES = ['BALANCED', 'LATENCY_FIRST'] as const;
type Policy = (typeof POLICIES)[number];
type Profile = (typeof PROFILES)[number];

/** Empty = not stated. */
export type PriceTexts = Record<PriceField, string>;
export interface TierForm extends PriceTexts {
  /** Tells rows apart while they are typed in. */
  key: number;
  above: string;
}

export interface ModelForm {
  name: string;
  displayName: string;
  /** Empty = as the settings say. */
  policy: Policy | '';
  profile: Profile | '';
  price: PriceTexts;
  tiers: readonly TierForm[];
}

export const MAX_TIERS = 10;
const MAX_PRICE = 1e9;

type UpdateInput = VariablesOf<typeof UPDATE_MODEL>['input'];
export type PriceInput = NonNullable<UpdateInput['price']>;
type PriceList = Omit<NonNullable<Model['price']>, 'tiers'>;

export function formOf(model: Model): ModelForm {
  return {
    name: model.name,
    displayName: model.displayName ?? '',
    policy: model.routePolicy ?? '',
    profile: model.routeProfile ?? '',
    price: textsOf(model.price),
    tiers: (model.price?.tiers ?? []).map((tier, key) => ({
      key,
      above: String(tier.aboveInputTokens),
      ...textsOf(tier),
    })),
  };
}

export function emptyTier(tiers: readonly TierForm[]): TierForm {
  return { key: Math.max(-1, ...tiers.map(({ key }) => key)) + 1, above: '', ...textsOf(null) };
}

function textsOf(list: PriceList | null): PriceTexts {
  const text = (value: number | null | undefined) => (typeof value === 'number' ? String(value) : '');
  return {
    input: text(list?.inputUsdPerMillion),
    cacheRead: text(list?.cacheReadUsdPerMillion),
    cacheWrite5m: text(list?.cacheWrite5mUsdPerMillion),
    cacheWrite1h: text(list?.cacheWrite1hUsdPerMillion),
    output: text(list?.outputUsdPerMillion),
  };
}

/** Null for an empty text, undefined for one that is no price. A comma may stand for the point. */
export function readPrice(text: string): number | null | undefined {
  const trimmed = text.trim().replace(',', '.');
  if (trimmed === '') return null;
  const value = /^\d*\.?\d+$|^\d+\.$/.test(trimmed) ? Number(trimmed) : Number.NaN;
  return value >= 0 && value <= MAX_PRICE ? value : undefined;
}

/** Undefined when it is no whole number from 1 on. */
export function readTokens(text: string): number | undefined {
  const value = /^\d{1,10}$/.test(text.trim()) ? Number(text.trim()) : 0;
  return value >= 1 && value <= MAX_PRICE ? value : undefined;
}

/** Undefined when some text is no price. */
function readTexts(texts: PriceTexts): PriceList | undefined {
  const [input, cacheRead, cacheWrite5m, cacheWrite1h, output] = PRICE_FIELDS.map((name) =>
    readPrice(texts[name]),
  );
  if (input === undefined || cacheRead === undefined || output === undefined) return undefined;
  if (cacheWrite5m === undefined || cacheWrite1h === undefined) return undefined;
  return {
    inputUsdPerMillion: input,
    cacheReadUsdPerMillion: cacheRead,
    cacheWrite5mUsdPerMillion: cacheWrite5m,
    cacheWrite1hUsdPerMillion: cacheWrite1h,
    outputUsdPerMillion: output,
  };
}

function readTier(tier: TierForm) {
  const prices = readTexts(tier);
  const aboveInputTokens = readTokens(tier.above);
  return prices && aboveInputTokens !== undefined ? { aboveInputTokens, ...prices } : undefined;
}

/** The override: null = none, as every field is empty; undefined = some text is no price. */
export function priceInput({
  price,
  tiers,
}: Pick<ModelForm, 'price' | 'tiers'>): PriceInput | null | undefined {
  const own = readTexts(price);
  const read = tiers.flatMap((tier) => readTier(tier) ?? []);
  if (!own || read.length < tiers.length) return undefined;
  const isEmpty = read.length === 0 && Object.values(own).every((value) => value === null);
  return isEmpty ? null : { ...own, tiers: read };
}

export const MODEL_FIELDS = ['name', 'displayName', 'policy', 'profile', ...PRICE_FIELDS, 'tiers'] as const;
export type ModelField = (typeof MODEL_FIELDS)[number];

/** One text per field, to tell what differs. */
export function fieldsOf(form: ModelForm): Record<ModelField, string> {
  const texts = (one: PriceTexts) => PRICE_FIELDS.map((name) => one[name].trim());
  const tiers = form.tiers.map(
    (tier) =>
      `> ${tier.above.trim()}: ${texts(tier)
        .map((text) => text || '–')
        .join(' / ')}`,
  );
  return {
    name: form.name.trim(),
    displayName: form.displayName.trim(),
    policy: form.policy,
    profile: form.profile,
    input: form.price.input.trim(),
    cacheRead: form.price.cacheRead.trim(),
    cacheWrite5m: form.price.cacheWrite5m.trim(),
    cacheWrite1h: form.price.cacheWrite1h.trim(),
    output: form.price.output.trim(),
    tiers: tiers.join('; '),
  };
}

export function isChanged(before: ModelForm, now: ModelForm): boolean {
  const [one, other] = [fieldsOf(before), fieldsOf(now)];
  return MODEL_FIELDS.some((name) => one[name] !== other[name]);
}

/** What an update has to say; undefined while the form cannot be saved. Prices are replaced whole, hence sent whole. */
export function updateInput(before: ModelForm, now: ModelForm): UpdateInput | undefined {
  const price = priceInput(now);
  const [one, other] = [fieldsOf(before), fieldsOf(now)];
  if (price === undefined || other.name === '') return undefined;
  const isOther = (...names: readonly ModelField[]) => names.some((name) => one[name] !== other[name]);
  return {
    ...(isOther('name') && { name: other.name }),
    ...(isOther('displayName') && { displayName: other.displayName || null }),
    ...(isOther('policy') && { routePolicy: now.policy || null }),
    ...(isOther('profile') && { routeProfile: now.profile || null }),
    ...(isOther(...PRICE_FIELDS, 'tiers') && { price }),
  };
}

/** Names in a text that are set apart by commas or line breaks, each once. */
export function namesIn(text: string): string[] {
  const names = text.split(/[,\n]/).map((name) => name.trim());
  return [...new Set(names.filter((name) => name !== ''))];
}
