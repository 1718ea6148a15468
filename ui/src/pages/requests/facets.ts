// The filters of the Requests list that are chosen from a list: where their values come from and how they are written.

import type { Format } from '../../lib/format.ts';
import { t, tOr } from '../../lib/i18n.svelte.ts';
import {
  AFFINITY_OUTCOMES,
  type FilterParam,
  LEAST_USD,
  LEAST_WHOLE,
  MISS_CAUSES,
  OUTCOMES,
  STATUS_CLASSES,
  SURFACES,
} from '../../lib/request-filter.ts';

type Dimension = 'MODEL' | 'API_KEY' | 'ACCOUNT' | 'OUTCOME' | 'AFFINITY' | 'PROVIDER' | 'USER' | 'SURFACE';

export interface FacetOption {
  value: string;
  label: string;
  /** Matching requests; absent = not counted. */
  count?: number;
}

interface Typed {
  name: FilterParam;
  pattern: RegExp;
  label: (text: string) => string;
  /** What to type; absent = a part of a value. */
  hint?: string;
}

export interface Facet {
  name: FilterParam;
  label: string;
  /** Counted by this; null = the options are all there are. */
  by: Dimension | null;
  /** Values that are no entries: their names are in the dictionary. */
  options: readonly FacetOption[];
  /** A filter by what was typed, in place of a value of the list. */
  typed: Typed | null;
}

const SLOW_MS = [1000, 5000, 10_000, 30_000, 60_000];
const TTFT_MS = [500, 1000, 2000, 5000, 10_000];
const INPUT_TOKENS = [10_000, 50_000, 100_000, 200_000];
const COST_USD = [0.01, 0.05, 0.1, 0.5, 1];
const ANY_TEXT = /\S/;

/** Those in sight at once, and those behind "More filters". Anew for each language. */
export function facetsOf({ ms, count, locale }: Format): { first: Facet[]; more: Facet[] } {
  return {
    first: [
      entry('model', t('filter.anyModel'), 'MODEL', 'name'),
      entry('apiKey', t('column.key'), 'API_KEY', 'key'),
      entry('account', t('filter.anyAccount'), 'ACCOUNT'),
      listed('outcome', t('filter.anyOutcome'), {
        by: 'OUTCOME',
        options: OUTCOMES.map((value) => ({ value, label: t(`outcome.${value}`) })),
      }),
      listed('affinity', t('filter.anyAffinity'), {
        by: 'AFFINITY',
        options: AFFINITY_OUTCOMES.map((value) => ({ value, label: t(`affinity.${value}`) })),
      }),
      {
        ...listed('status', t('filter.anyStatus'), {
          by: null,
          options: STATUS_CLASSES.map((value) => ({ value, label: t(`status.${value}`) })),
        }),
        typed: { name: 'status', pattern: /^[1-5]\d\d$/, label: (text) => text },
      },
      least('slow', t('column.latency'), { values: SLOW_MS, hint: t('filter.least.ms'), say: ms }),
      least('cost', t('column.cost'), {
        values: COST_USD,
        hint: t('filter.least.usd'),
        say: (usd) => wholeUsd(usd, locale),
        pattern: LEAST_USD,
      }),
    ],
    more: [
      entry('provider', t('column.provider'), 'PROVIDER'),
      entry('user', t('column.user'), 'USER'),
      listed('miss', t('filter.anyMiss'), {
        by: null,
        options: MISS_CAUSES.map((value) => ({ value, label: t(`miss.short.${value}`) })),
      }),
      listed('surface', t('filter.anySurface'), {
        by: 'SURFACE',
        options: SURFACES.map((value) => ({ value, label: tOr(`surface.${value}`, value) })),
      }),
      yesOrNo('streamed', t('filter.anyStreamed'), [t('request.streamed'), t('request.whole')]),
      yesOrNo('warm', t('request.keepWarm'), [t('filter.warm.only'), t('filter.warm.without')]),
      least('ttft', t('column.ttft'), { values: TTFT_MS, hint: t('filter.least.ms'), say: ms }),
      least('input', t('filter.inputTokens'), {
        values: INPUT_TOKENS,
        hint: t('filter.least.tokens'),
        say: count,
      }),
      {
        ...listed('session', t('column.session'), { by: null, options: [] }),
        typed: { name: 'session', pattern: ANY_TEXT, label: (text) => text },
      },
    ],
  };
}

/** Parameters that the facet sets: choosing one of them ends the other. */
export function paramsOf({ name, typed }: Facet): FilterParam[] {
  return typed && typed.name !== name ? [name, typed.name] : [name];
}

function entry(name: FilterParam, label: string, by: Dimension, typedName?: FilterParam): Facet {
  const typed = typedName && {
    name: typedName,
    pattern: ANY_TEXT,
    label: (text: string) => t('filter.contains', { text }),
  };
  return { name, label, by, options: [], typed: typed ?? null };
}

function listed(name: FilterParam, label: string, { by, options }: Pick<Facet, 'by' | 'options'>): Facet {
  return { name, label, by, options, typed: null };
}

interface Least {
  values: readonly number[];
  hint: string;
  say: (value: number) => string;
  pattern?: RegExp;
}

/** Values of the list are suggestions: any other is typed. */
function least(name: FilterParam, label: string, { values, hint, say, pattern = LEAST_WHOLE }: Least): Facet {
  const labelOf = (text: string) => t('filter.slow', { value: say(Number(text)) });
  const options = values.map((value) => ({ value: String(value), label: labelOf(String(value)) }));
  return { ...listed(name, label, { by: null, options }), typed: { name, pattern, hint, label: labelOf } };
}

/** Not rounded, as it would then say something else than what is asked. */
function wholeUsd(usd: number, locale: string): string {
  return usd.toLocaleString(locale, {
    style: 'currency',
    currency: 'USD',
    currencyDisplay: 'narrowSymbol',
    maximumFractionDigits: 9,
  });
}

function yesOrNo(name: FilterParam, label: string, [yes, no]: [string, string]): Facet {
  const options = [
    { value: 'yes', label: yes },
    { value: 'no', label: no },
  ];
  return listed(name, label, { by: null, options });
}
