// After the last byte: usage, cost, binding, log row, live event. Runs exactly once per exchange and never throws.

import type { UsageSource, UsageTally } from '../wire/usage.ts';
import type { AffinityTable } from './affinity.ts';
import type { BodyStore } from './body-copy.ts';
import type { Exchange } from './exchange.ts';
import { gapKeyOf } from './gap-key.ts';
import type { KeepWarm } from './keep-warm.ts';
import type { KeyUsage } from './key-usage.ts';
import { learnFromReply } from './lessons.ts';
import type { Live } from './live.ts';
import type { RequestLog } from './log-queries.ts';
import type { Clock, RequestOutcome, RequestRow } from './ports.ts';
import { costOf } from './pricing.ts';
import { redactSecrets } from './redact.ts';
import type { RoutingState } from './routing-state.ts';
import { warmRequestOf } from './warm-request.ts';

/** How the exchange ended, as it will stand in its row. */
export interface Ending {
  status: number;
  outcome: RequestOutcome;
  errorCode?: string | null;
  errorMessage?: string | null;
  tally?: UsageTally;
  /** False when the reply broke off: what was reported until then is partial. */
  isWhole?: boolean;
  /** Something that should have been JSON was not. */
  isUnreadable?: boolean;
}

export interface SettleParts {
  clock: Clock;
  affinity: AffinityTable;
  log: RequestLog;
  /** Null = bodies cannot be kept. */
  bodies: BodyStore | null;
  live: Live;
  routing: RoutingState;
  keepWarm: KeepWarm;
  keyUsage: KeyUsage;
  /** Told of every settled exchange, whose row changes no more. Must be quick and must not throw. */
  onSettled?(exchange: Exchange): void;
}

/** Longest error text kept in a row. */
const MAX_MESSAGE_LENGTH = 2_000;
/** Longest usage object kept; the largest seen has 1.5 KB. */
const MAX_RAW_USAGE_LENGTH = 16_384;

export function settle(exchange: Exchange, ending: Ending, parts: SettleParts): void {
  if (exchange.isSettled) return;
  exchange.isSettled = true;
  for (const release of exchange.releases) release();
  for (const release of exchange.bodyReleases) release();
  const latencyMs = Math.round(parts.clock.monotonicMs() - exchange.startedMs);
  // Filled in, not copied: nobody else holds the row yet.
  const row = Object.assign(exchange.row, counted(exchange, ending));
  row.status = ending.status;
  row.outcome = ending.outcome;
  row.errorCode = ending.errorCode ?? null;
  row.errorMessage = ending.errorMessage ? printable(redactSecrets(ending.errorMessage)) : null;
  row.finishedAtMs = row.startedAtMs + latencyMs;
  row.latencyMs = latencyMs;
  const usage = ending.tally?.usage ?? null;
  if (exchange.ticket) parts.affinity.settle(exchange.ticket, usage);
  learnFromReply(exchange, usage, parts.routing);
  parts.keyUsage.settled(row);
  parts.log.append(row);
  parts.live.publish({ kind: 'request', row });
  parts.onSettled?.(exchange);
  keepBodies(exchange, parts);
  holdWarm(exchange, parts.keepWarm);
}

/** Its prefix may be worth keeping warm until the conversation comes back. */
function holdWarm(exchange: Exchange, keepWarm: KeepWarm): void {
  const { warmBody: body } = exchange;
  const key = body && gapKeyOf(exchange);
  const request = key && warmRequestOf(exchange, { body, key });
  if (request) keepWarm.hold(request);
}

/** Counts, money and what is odd about them. */
function counted({ candidate }: Exchange, ending: Ending): Partial<RequestRow> {
  const { tally } = ending;
  if (!tally) return ending.isUnreadable ? { usageFlags: ['unreadable'] } : {};
  const { usage, raw, flags } = tally;
  const cost = candidate
    ? costOf(usage, {
        model: candidate.model,
        upstreamModel: candidate.upstreamModel,
        baseUrl: candidate.endpoint.baseUrl,
        rateMultiplier: candidate.account.rateMultiplier,
        usdPerCredit: candidate.account.usdPerCredit,
      })
    : null;
  return {
    ...usage,
    ...cost,
    usageSource: usageSource(ending),
    rawUsage: raw === null ? null : keptUsage(JSON.stringify(raw), candidate?.credential ?? ''),
    usageFlags: ending.isUnreadable ? [...flags, 'unreadable'] : flags,
  };
}

/** The credential could be in it only if the provider put it there; nothing else is taken out of an object of numbers. */
function keptUsage(raw: string, credential: string): string {
  const clean = raw.includes(credential) ? redactSecrets(raw, [credential]) : raw;
  return clean.slice(0, MAX_RAW_USAGE_LENGTH);
}

function usageSource({ tally, isWhole }: Ending): UsageSource {
  const usage = tally?.usage;
  if (!usage || (usage.inputTokens === null && usage.outputTokens === null)) return 'none';
  return isWhole === false ? 'partial' : 'upstream';
}

/** Redacting takes a while: after the reply, not before it. */
function keepBodies(exchange: Exchange, { bodies, clock }: SettleParts): void {
  const { copy, row, catalog } = exchange;
  if (!copy || !bodies) return;
  clock.setTimer(() => {
    const known = row.attempts.map(({ accountId }) => catalog.credential(accountId));
    const texts = copy.texts((text) => redactSecrets(text, known));
    bodies.append({ id: row.id, atMs: row.finishedAtMs, ...texts });
  }, 0);
}

/** Control characters out: a row is shown in terminals and exported as CSV. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
  return text.replace(/[\u0000-\u001f\u007f]+/g, ' ').slice(0, MAX_MESSAGE_LENGTH);
}
