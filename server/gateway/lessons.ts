// What one settled reply teaches: the ledger, the session's memory, its gaps; and why its cold tokens were cold.

import { missesOf, primaryCause } from '../routing/miss-causes.ts';
import type { Usage } from '../wire/usage.ts';
import type { Exchange } from './exchange.ts';
import { gapKeyOf } from './gap-key.ts';
import { inputPricesAt } from './pricing.ts';
import type { RoutingState } from './routing-state.ts';
import type { SentRequest } from './sent-request.ts';

/** Fills in the row's misses and corrects what is believed to be warm. Runs once, after the reply. */
export function learnFromReply(exchange: Exchange, usage: Usage | null, routing: RoutingState): void {
  const { sent } = exchange;
  if (!sent || sent.begunAtMs === null) return;
  explainMisses(exchange, { sent, usage, routing });
  if (!sent.prompt) return;
  routing.ledger.learn({
    sent: sent.prompt,
    atMs: sent.begunAtMs,
    believed: sent.standing.warmth,
    predictedTokens: sent.standing.prediction.warmTokens,
    usage,
  });
  if (sent.sharedPrompt) routing.ledger.repeat({ sent: sent.sharedPrompt, atMs: sent.begunAtMs, usage });
  remember(exchange, { sent, usage, routing });
}

interface Learned {
  sent: SentRequest;
  usage: Usage | null;
  routing: RoutingState;
}

function explainMisses({ row, prompt }: Exchange, { sent, usage, routing }: Learned): void {
  const { standing, elsewhere, parent } = sent;
  const { outline } = prompt;
  row.prefixParentId = parent?.requestId ?? null;
  if (outline && parent && usage?.inputTokens != null && outline.bytes > 0) {
    row.prefixSharedTokens = Math.round((parent.bytes / outline.bytes) * usage.inputTokens);
  }
  if (!outline || !usage || !row.modelId) return;
  row.misses = missesOf({
    cuts: outline.cuts,
    bytes: outline.bytes,
    usage,
    modelId: row.modelId,
    spaceKey: standing.space.key,
    family: standing.space.family,
    flags: outline.flags,
    nowMs: sent.chosenAtMs,
    predicted: standing.prediction,
    last: routing.sessions.recall(clueOf(row, sent), outline.cuts),
    parent,
    here: standing.warmth ?? NOTHING_HERE,
    elsewhere,
    whyMoved: row.affinity === 'hit' ? null : row.affinityReason,
    rule: standing.rule,
    prices: inputPricesAt(standing.candidate, usage.inputTokens ?? 0),
  });
  row.missCause = primaryCause(row.misses, usage.inputTokens);
}

const NOTHING_HERE = { cut: -1, untilMs: 0, staleCut: -1, staleSinceMs: 0 };

function clueOf({ sessionId }: Exchange['row'], { parent }: SentRequest) {
  return { sessionId, parentId: parent?.requestId ?? null };
}

function remember(exchange: Exchange, { sent, usage, routing }: Learned): void {
  const { row, prompt } = exchange;
  const { standing, begunAtMs } = sent;
  const { outline } = prompt;
  if (!outline || begunAtMs === null || row.isKeepWarm) return;
  const { space, prediction, candidate } = standing;
  const inputTokens = usage?.inputTokens ?? prediction.promptTokens;
  const writtenTokens = usage?.cacheWriteTokens ?? 0;
  const gapKey = gapKeyOf(exchange);
  if (gapKey) {
    const atMs = begunAtMs;
    routing.gaps.sawRequest(gapKey, { atMs, prefixTokens: inputTokens, writtenTokens });
  }
  routing.sessions.remember(
    { ...clueOf(row, sent), requestId: row.id },
    {
      cuts: outline.cuts,
      modelId: row.modelId ?? '',
      spaceKey: space.key,
      family: space.family,
      flags: outline.flags,
      accountId: candidate.account.id,
      atMs: begunAtMs,
      inputTokens,
      warmTokens: (usage?.cacheReadTokens ?? 0) + writtenTokens,
    },
  );
}
