// What the gateway may do to a request so that more of it is cached: lifetimes and places of marks, a cache key. Off by default.
//
// The edits go on the client's own bytes, before the model's name is replaced. At most one of them applies to a request,
// but for marks of our own, which can be given a lifetime too.

import { hash } from 'node:crypto';
import { chooseTtl, type GapStatistics, type SessionGaps, type TtlChoice } from '../routing/ttl-choice.ts';
import { modelTraits } from '../wire/openai-chat/model-traits.ts';
import { scanRequest } from '../wire/prompt-scan.ts';
import { withMarks, withMarkTtl, withTextField } from '../wire/request-edit.ts';
import type { Surface } from '../wire/surface.ts';
import type { RequestBody } from './body.ts';
import type { Candidate } from './catalog.ts';
import type { Exchange } from './exchange.ts';
import { gapKeyOf } from './gap-key.ts';
import { inputPricesAt } from './pricing.ts';
import type { CacheLeverRecord } from './route-record.ts';
import type { CacheLeverSettings } from './routing-settings.ts';

export interface Pulled {
  /** The same object when nothing was done. */
  body: RequestBody;
  /** Null = nothing was done. */
  record: CacheLeverRecord | null;
}

export interface LeverInput {
  /** The client's. A request that is translated is none of the levers' business. */
  surface: Surface;
  settings: CacheLeverSettings;
  /** As it stands in the row; null = the request names no session. */
  sessionId: string | null;
  /** Asked only when there is a mark whose lifetime may be chosen. */
  ttlChoice: () => TtlChoice;
}

/** What `pullLevers` does, for an exchange whose session is known. Requests that no account takes as they are stay as they are. */
export function leveredBody(
  exchange: Exchange,
  { body, candidates }: { body: RequestBody; candidates: readonly Candidate[] },
  gaps: GapStatistics,
): Pulled {
  const { operation, surface, catalog, row } = exchange;
  const settings = { ...catalog.settings.cacheLevers };
  const isOn = settings.chooseTtl || settings.placeBreakpoints || settings.setPromptCacheKey;
  if (!isOn || operation.kind !== 'generate' || row.isKeepWarm) return { body, record: null };
  const natives = candidates.filter(({ endpoint }) => endpoint.surface === surface);
  const [native] = natives;
  if (!native) return { body, record: null };
  // One body for them all, and some refuse every field that they do not know.
  if (natives.some(({ upstreamModel }) => modelTraits(upstreamModel).isStrict))
    settings.setPromptCacheKey = false;
  const ttlChoice = () => ttlChoiceOf(exchange, native, gaps);
  return pullLevers(body, { surface, settings, sessionId: row.sessionId, ttlChoice });
}

const NOT_SEEN: SessionGaps = {
  atStakeTokens5to60: 0,
  atStakeTokensOver60: 0,
  writtenTokens: 0,
  gapCount: 0,
};

function ttlChoiceOf(exchange: Exchange, native: Candidate, gaps: GapStatistics): TtlChoice {
  const key = gapKeyOf(exchange);
  // Lifetimes are compared by the ratio of their prices, which is the same at every size and account.
  const prices = inputPricesAt(native, 0);
  return chooseTtl(key ? gaps.gaps(key) : NOT_SEEN, { prices, usual: key && gaps.usualGaps(key) });
}

/** The request as it is to be sent to accounts that speak its own surface. The client's marks are never removed. */
export function pullLevers(body: RequestBody, input: LeverInput): Pulled {
  switch (input.surface) {
    case 'anthropic-messages':
      return body.outline && (input.settings.chooseTtl || input.settings.placeBreakpoints)
        ? marked(body, input)
        : { body, record: null };
    case 'openai-chat':
    case 'openai-responses':
      return keyed(body, input);
    case 'openai-embeddings':
    case 'gemini':
      return { body, record: null };
    default:
      return input.surface satisfies never;
  }
}

/** One key for all requests of a session. It says nothing of how sessions are named here. */
export function promptCacheKeyOf(sessionId: string): string {
  return hash('sha256', `prompt-cache-key:${sessionId}`).slice(0, 32);
}

function keyed(body: RequestBody, { settings, surface, sessionId }: LeverInput): Pulled {
  // Only a field that is not there can be added: a null is the client's own word.
  if (!settings.setPromptCacheKey || sessionId === null || body.promptCacheKey !== undefined) {
    return { body, record: null };
  }
  const bytes = withTextField(body.bytes, 'prompt_cache_key', promptCacheKeyOf(sessionId));
  return edited(body, { bytes, surface, done: { promptCacheKeySet: true } });
}

function marked(body: RequestBody, input: LeverInput): Pulled {
  const { settings } = input;
  // Automatic caching is a mark of the client's too, and one of another lifetime on the same block would be refused.
  if (body.outline?.hasAutomaticMark) return { body, record: null };
  const placed =
    settings.placeBreakpoints && body.outline?.marks.length === 0 ? placeMarks(body) : { body, record: null };
  if (!settings.chooseTtl) return placed;
  const timed = giveLifetime(placed.body, input);
  if (!timed.record || !placed.record) return timed.record ? timed : placed;
  return {
    body: timed.body,
    record: { ...timed.record, breakpointsPlaced: placed.record.breakpointsPlaced },
  };
}

function placeMarks(body: RequestBody): Pulled {
  if (!body.outline) return { body, record: null };
  const { bytes, placed } = withMarks(body.bytes, body.outline);
  if (placed === 0) return { body, record: null };
  return edited(body, { bytes, surface: 'anthropic-messages', done: { breakpointsPlaced: placed } });
}

/**
 * A client that states any lifetime has chosen for itself; and a 5 min mark before a 1 h mark would be refused.
 * Source: Anthropic API, prompt caching, "Mixing different TTLs".
 */
function giveLifetime(body: RequestBody, { ttlChoice }: LeverInput): Pulled {
  const { outline, bytes } = body;
  if (!outline || outline.marks.length === 0 || outline.marks.some(({ ttl }) => ttl !== null)) {
    return { body, record: null };
  }
  const { ttl, reason, sums } = ttlChoice();
  // An unstated lifetime is 5 min already.
  if (ttl === '5m') return { body, record: null };
  return edited(body, {
    bytes: withMarkTtl(bytes, outline, ttl),
    surface: 'anthropic-messages',
    done: { ttl, ttlReason: reason, ttlSums: sums },
  });
}

const NOTHING_DONE: CacheLeverRecord = {
  ttl: null,
  ttlReason: null,
  ttlSums: null,
  breakpointsPlaced: 0,
  promptCacheKeySet: false,
};

/** The body anew: positions in the bytes have moved, and the outline's marks with them. */
function edited(
  body: RequestBody,
  change: { bytes: RequestBody['bytes']; surface: Surface; done: Partial<CacheLeverRecord> },
): Pulled {
  const { bytes, surface, done } = change;
  if (bytes === body.bytes) return { body, record: null };
  const { fields, outline } = scanRequest(bytes, surface);
  return {
    body: { ...body, bytes, modelSpan: fields.get('model') ?? null, outline },
    record: { ...NOTHING_DONE, ...done },
  };
}
