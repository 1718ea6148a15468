// The query of an export: the fields of RequestLogFilter by their names, as text. Pure.

import type { AffinityOutcome, RequestFilter, RequestOutcome } from '../gateway/ports.ts';
import { MISS_CAUSES } from '../gateway/route-record.ts';
import { SURFACES } from '../wire/surface.ts';
import { rawId } from './global-id.ts';

export interface ExportQuery {
  filter: RequestFilter;
  /** The file begins with a byte order mark, by which Excel knows UTF-8. */
  hasBom: boolean;
}

const OUTCOMES = ['ok', 'rejected', 'failed', 'client-gone'] as const satisfies readonly RequestOutcome[];
const AFFINITIES = [
  'hit',
  'new',
  'moved',
  'borrowed',
  'none',
  'off',
] as const satisfies readonly AffinityOutcome[];

const MAX_TEXT_CHARACTERS = 1_000;
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i;

/** Null = not a value of this parameter. */
type Read = (text: string) => RequestFilter | null;

export const EXPORT_PARAMETERS: Readonly<Record<string, Read>> = {
  from: (text) => given(instant(text), (fromMs) => ({ fromMs })),
  to: (text) => given(instant(text), (toMs) => ({ toMs })),
  apiKeyId: (text) => given(id('ApiKey', text), (apiKeyId) => ({ apiKeyId })),
  apiKeyName: (text) => given(words(text), (apiKeyName) => ({ apiKeyName })),
  userId: (text) => given(id('User', text), (userId) => ({ userId })),
  modelId: (text) => given(id('Model', text), (modelId) => ({ modelId })),
  requestedModel: (text) => given(words(text), (requestedModel) => ({ requestedModel })),
  providerId: (text) => given(id('Provider', text), (providerId) => ({ providerId })),
  accountId: (text) => given(id('Account', text), (accountId) => ({ accountId })),
  sessionId: (text) => given(words(text), (sessionId) => ({ sessionId })),
  surface: (text) => given(choice(SURFACES, text), (surface) => ({ surface })),
  outcome: (text) => given(choice(OUTCOMES, text), (outcome) => ({ outcome })),
  affinity: (text) => given(choice(AFFINITIES, text), (affinity) => ({ affinity })),
  missCause: (text) => given(choice(MISS_CAUSES, text), (missCause) => ({ missCause })),
  keepWarm: (text) => given(flag(text), (isKeepWarm) => ({ isKeepWarm })),
  streamed: (text) => given(flag(text), (isStreamed) => ({ isStreamed })),
  status: (text) => given(whole(text), (status) => ({ status })),
  minStatus: (text) => given(whole(text), (minStatus) => ({ minStatus })),
  maxStatus: (text) => given(whole(text), (maxStatus) => ({ maxStatus })),
  minLatencyMs: (text) => given(whole(text), (minLatencyMs) => ({ minLatencyMs })),
  minTimeToFirstTokenMs: (text) => given(whole(text), (minTimeToFirstTokenMs) => ({ minTimeToFirstTokenMs })),
  minInputTokens: (text) => given(whole(text), (minInputTokens) => ({ minInputTokens })),
  minCostUsd: (text) => given(decimal(text), (usd) => ({ minCostNanoUsd: Math.round(usd * 1e9) })),
  search: (text) => given(words(text), (search) => ({ search })),
};

/** The names of the parameters that cannot be used, or the query. An empty parameter counts as absent. */
export function readExportQuery(parameters: URLSearchParams): ExportQuery | { faults: string[] } {
  const faults = new Set<string>();
  const filter: RequestFilter = {};
  let hasBom = false;
  for (const name of new Set(parameters.keys())) {
    const texts = parameters.getAll(name);
    const [text = ''] = texts;
    const read = Object.hasOwn(EXPORT_PARAMETERS, name) ? EXPORT_PARAMETERS[name] : undefined;
    if (texts.length > 1 || (!read && name !== 'bom')) faults.add(name.slice(0, 100));
    else if (text === '') continue;
    else if (!read) {
      hasBom = flag(text) ?? false;
      if (flag(text) === null) faults.add(name);
    } else {
      const part = read(text);
      if (part) Object.assign(filter, part);
      else faults.add(name);
    }
  }
  return faults.size > 0 ? { faults: [...faults] } : { filter, hasBom };
}

function given<Value>(value: Value | null, make: (value: Value) => RequestFilter): RequestFilter | null {
  return value === null ? null : make(value);
}

function instant(text: string): number | null {
  const ms = RFC_3339.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** Null for the global id of something else. */
function id(typename: string, text: string): string | null {
  return rawId(typename, text) || null;
}

function words(text: string): string | null {
  return text.length <= MAX_TEXT_CHARACTERS ? text : null;
}

/** `CLIENT_GONE` as in the schema, or `client-gone` as in the export itself. */
function choice<const Option extends string>(options: readonly Option[], text: string): Option | null {
  const wanted = text.toLowerCase().replaceAll('_', '-');
  return options.find((option) => option === wanted) ?? null;
}

function flag(text: string): boolean | null {
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : null;
}

function decimal(text: string): number | null {
  return /^\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : null;
}

function whole(text: string): number | null {
  return /^\d{1,9}$/.test(text) ? Number(text) : null;
}
