// After the last byte: usage, cost, binding, log row, live event. Runs exactly once per exchange and never throws.

import type { Usage, UsageSource } from '../wire/usage.ts';
import type { AffinityTable } from './affinity.ts';
import type { Exchange } from './exchange.ts';
import type { Live } from './live.ts';
import type { Clock, RequestLog, RequestOutcome } from './ports.ts';
import { costOf } from './pricing.ts';

/** How the exchange ended, as it will stand in its row. */
export interface Ending {
  status: number;
  outcome: RequestOutcome;
  errorCode?: string | null;
  errorMessage?: string | null;
  usage?: Usage;
  /** False when the reply broke off: what was reported until then is partial. */
  isWhole?: boolean;
}

export interface SettleParts {
  clock: Clock;
  affinity: AffinityTable;
  log: RequestLog;
  live: Live;
}

/** Longest error text kept in a row. */
const MAX_MESSAGE_LENGTH = 2_000;

export function settle(exchange: Exchange, ending: Ending, parts: SettleParts): void {
  if (exchange.isSettled) return;
  exchange.isSettled = true;
  const nowMs = parts.clock.nowMs();
  const row = {
    ...exchange.row,
    ...ending.usage,
    ...money(exchange, ending.usage),
    status: ending.status,
    outcome: ending.outcome,
    errorCode: ending.errorCode ?? null,
    errorMessage: ending.errorMessage ? printable(ending.errorMessage) : null,
    usageSource: usageSource(ending),
    finishedAtMs: Math.max(exchange.row.startedAtMs, nowMs),
    latencyMs: Math.max(0, nowMs - exchange.row.startedAtMs),
  };
  exchange.row = row;
  if (exchange.ticket) parts.affinity.settle(exchange.ticket, ending.usage ?? null);
  parts.log.append(row);
  parts.live.publish({ kind: 'request', row });
}

function money(exchange: Exchange, usage: Usage | undefined) {
  const { candidate } = exchange;
  if (!candidate || !usage) return {};
  const cost = costOf(usage, {
    model: candidate.model,
    upstreamModel: candidate.upstreamModel,
    baseUrl: candidate.endpoint.baseUrl,
    rateMultiplier: candidate.account.rateMultiplier,
  });
  return cost ?? {};
}

function usageSource({ usage, isWhole }: Ending): UsageSource {
  if (!usage || (usage.inputTokens === null && usage.outputTokens === null)) return 'none';
  return isWhole === false ? 'partial' : 'upstream';
}

/** Control characters out: a row is shown in terminals and exported as CSV. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
  return text.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, MAX_MESSAGE_LENGTH);
}
