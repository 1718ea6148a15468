// What the routing learns of a request under way: what it is writing, and what its first byte proves.

import { believedCut } from '../routing/predict.ts';
import { requestSpaceKey } from '../routing/space.ts';
import type { SentPrompt } from '../routing/warmth.ts';
import type { PromptCut } from '../wire/outline.ts';
import { factsOf, spaceAt } from './candidate-facts.ts';
import type { Candidate } from './catalog.ts';
import type { Exchange } from './exchange.ts';
import type { Clock } from './ports.ts';
import type { RoutingState } from './routing-state.ts';
import type { SentRequest } from './sent-request.ts';
import { EVERYONE, type PromptView, type Standing } from './standing.ts';

export interface WarmthParts {
  clock: Clock;
  routing: RoutingState;
}

/** Colder prompts than this are not worth waiting for. */
const LEAST_CLAIMED_TOKENS = 1_024;

/** The request goes out: others who lack the same prefix can wait for it, and its tokens are taken off the bucket. */
export function beginSending(
  exchange: Exchange,
  { standing, standings }: { standing: Standing; standings: readonly Standing[] },
  { clock, routing }: WarmthParts,
): void {
  endSending(exchange);
  const { outline, tenant } = exchange.prompt;
  const { candidate, space, prediction, warmth } = standing;
  const accountId = candidate.account.id;
  const { promptTokens, warmTokens } = prediction;
  const coldTokens = promptTokens - warmTokens;
  const isClaimed = isCacheable(exchange) && coldTokens >= LEAST_CLAIMED_TOKENS;
  const expectedMs = isClaimed ? routing.loads.firstByteMs(accountId, { warmTokens, coldTokens }) : 0;
  exchange.sent = {
    standing,
    elsewhere: warmestOther(exchange, { standing, standings }, routing),
    parent: outline ? routing.ledger.parentOf(outline.cuts, tenant) : null,
    chosenAtMs: routing.ledger.nowMs(),
    sentMs: clock.monotonicMs(),
    begunAtMs: null,
    prompt: null,
    sharedPrompt: null,
    claim:
      outline && isClaimed
        ? routing.claims.claim(space.key, outline.cuts, { fromCut: warmth?.cut ?? -1, accountId, expectedMs })
        : null,
    settleBucket: routing.buckets.spend(factsOf(candidate).bucketKey, {
      uncachedTokens: coldTokens,
      allTokens: promptTokens,
    }),
  };
}

/** The attempt is over without a reply that wrote anything. */
export function endSending(exchange: Exchange): void {
  const { sent } = exchange;
  if (!sent) return;
  sent.claim?.drop();
  sent.settleBucket(0);
  exchange.sent = null;
}

/** The first byte of the reply: what was written can be read from now on. */
export function beginReply(exchange: Exchange, { clock, routing }: WarmthParts): void {
  const { sent } = exchange;
  if (!sent || sent.begunAtMs !== null) return;
  const { candidate, prediction } = sent.standing;
  const { promptTokens, warmTokens } = prediction;
  sent.begunAtMs = routing.ledger.nowMs();
  routing.loads.sawFirstByte(candidate.account.id, {
    warmTokens,
    coldTokens: promptTokens - warmTokens,
    ms: clock.monotonicMs() - sent.sentMs,
  });
  sent.prompt = sentPrompt(exchange, sent.standing);
  sent.sharedPrompt = sent.prompt && sharedPrompt(exchange, { prompt: sent.prompt, standing: sent.standing });
  for (const prompt of [sent.prompt, sent.sharedPrompt]) {
    if (prompt) routing.ledger.touch(prompt, sent.begunAtMs);
  }
  // After the ledger knows of it: those who wait look there.
  sent.claim?.ready();
}

/** The prompt as the ledger knows it; null = nothing of it is cached. */
function sentPrompt(exchange: Exchange, { candidate, space, rule }: Standing): SentPrompt | null {
  const { prompt, row, caller } = exchange;
  if (!prompt.outline || !isCacheable(exchange)) return null;
  return {
    scope: prompt.tenant,
    space,
    rule,
    // A ping is no turn of the conversation: its prompt was another request's.
    requestId: row.isKeepWarm ? (exchange.sent?.parent?.requestId ?? row.id) : row.id,
    cuts: prompt.outline.cuts,
    bytes: prompt.outline.bytes,
    asksFor: lifetimeAskedFor(prompt),
    ttlMs: statedTtlMs(candidate),
    isKept: caller.kind === 'api-key',
  };
}

/** Of accounts with other caches; counted is what this very request could have read there. */
function warmestOther(
  exchange: Exchange,
  { standing, standings }: { standing: Standing; standings: readonly Standing[] },
  { ledger }: RoutingState,
): SentRequest['elsewhere'] {
  const { outline } = exchange.prompt;
  let warmest: Standing | null = null;
  for (const other of standings) {
    const isOther = other.space.domain !== standing.space.domain;
    const leastTokens = warmest?.prediction.warmTokens ?? 0;
    if (isOther && other.prediction.warmTokens > leastTokens) warmest = other;
  }
  if (!warmest?.warmth || !outline) return null;
  const { candidate, space, rule, warmth } = warmest;
  const { cut } = believedCut(outline.cuts, warmth, { family: space.family, rule, beliefs: ledger.beliefs });
  return { cut, accountName: candidate.account.name };
}

/** Block ends of a prompt that others may go on from, beside the ends of its parts and its marks. */
const SHARED_BLOCK_ENDS = 8;

/**
 * The same for the scope that has no owner, where prompts of other callers find it: without whose request it was, and
 * with those places only at which a prompt is likely to be the same as another. Null = it is not to be found by others.
 */
function sharedPrompt(
  { prompt: { seesOthers, outline, betas } }: Exchange,
  { prompt, standing }: { prompt: SentPrompt; standing: Standing },
): SentPrompt | null {
  if (!seesOthers || !outline) return null;
  const { cuts, flags } = outline;
  const lastBlock = (cuts.at(-1)?.block ?? 0) - SHARED_BLOCK_ENDS;
  const isShared = ({ part, block, isBlockEnd, mark }: PromptCut, next: PromptCut | undefined) =>
    mark !== null || next?.part !== part || (isBlockEnd && block > lastBlock);
  return {
    ...prompt,
    scope: EVERYONE,
    space: spaceAt(standing.candidate, requestSpaceKey({ flags, betas, tenant: EVERYONE })),
    requestId: '',
    cuts: cuts.filter((cut, index) => isShared(cut, cuts[index + 1])),
  };
}

function isCacheable({ operation }: Exchange): boolean {
  return operation.kind === 'generate';
}

/** One hour where any mark asks for it. */
function lifetimeAskedFor({ outline }: PromptView): '5m' | '1h' | null {
  const marks = outline?.marks ?? [];
  if (marks.some(({ ttl }) => ttl === '1h')) return '1h';
  return marks.some(({ ttl }) => ttl === '5m') ? '5m' : null;
}

function statedTtlMs({ account }: Candidate): number | null {
  return account.cacheTtlMinutes === null ? null : account.cacheTtlMinutes * 60_000;
}
