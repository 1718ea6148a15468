// Rows of the request log as the table holds them, and back.

import { sql } from 'kysely';
import type { MissFacts } from '../gateway/miss-facts.ts';
import type { AffinityOutcome, AttemptRow, RequestRow } from '../gateway/ports.ts';
import type { PriceSheet } from '../gateway/price-sheet.ts';
import type { AffinityCode, Miss } from '../gateway/route-record.ts';
import { flag, type PriceSheetRecord, type RequestRecord, type RowText } from './database.ts';
import { type LeverTail, leverOf, leverTail, type RouteTail, routeOf, routeTail } from './route-records.ts';

/** In the order in which `requestText` gives them; `tail` is the last. */
export const REQUEST_COLUMNS = [
  'id',
  'requestId',
  'startedAtMs',
  'latencyMs',
  'timeToFirstTokenMs',
  'surface',
  'isStreamed',
  'requestedModel',
  'modelId',
  'status',
  'outcome',
  'apiKeyId',
  'apiKeyName',
  'userId',
  'sessionId',
  'providerId',
  'accountId',
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'usageSource',
  'costNanoUsd',
  'savedNanoUsd',
  'cacheReadNanoUsd',
  'cacheWriteNanoUsd',
  'credits',
  'affinity',
  'missCause',
  'isKeepWarm',
  'errorMessage',
  'tail',
] as const satisfies readonly (keyof RequestRecord)[];

/** A row as it is read: with the prices that its tail refers to, as JSON; null = none. */
export type StoredRequest = RequestRecord & { priceSheet: string | null };

/** What `requestOf` takes, to be selected from `request`. */
export const STORED_REQUEST = [
  ...REQUEST_COLUMNS,
  sql<string | null>`(SELECT sheet FROM priceSheet WHERE priceSheet.id = request.tail ->> 26)`.as(
    'priceSheet',
  ),
] as const;

/**
 * What is only ever read together with its row, as one JSON list in this order: binding a value costs SQLite as much as
 * writing it. Add at the end, and give `tailOf` what older rows have there; never change the order.
 */
type Tail = [
  finishedAtMs: number,
  path: string,
  upstreamModel: string | null,
  endpointSurface: RequestRow['endpointSurface'],
  losses: RequestRow['losses'],
  errorCode: string | null,
  endpointId: string | null,
  reasoningTokens: number | null,
  cacheWrite5mTokens: number | null,
  cacheWrite1hTokens: number | null,
  audioInputTokens: number | null,
  audioOutputTokens: number | null,
  rawUsage: string | null,
  usageFlags: RequestRow['usageFlags'],
  priceVersion: string | null,
  queueMs: number,
  affinityReason: string,
  expectedWarmTokens: number | null,
  /** `ATTEMPTS_PATH` of attempt-schema.ts tells SQL that they are here. */
  attempts: AttemptTail[],
  affinityCode?: AffinityCode,
  /** `MISSES_PATH` of tally-kinds.ts tells SQL that they are here. */
  misses?: MissTail[] | null,
  route?: RouteTail | null,
  cacheLevers?: LeverTail | null,
  prefixParentId?: string | null,
  prefixSharedTokens?: number | null,
  traceId?: string | null,
  /** `STORED_REQUEST` reads it in SQL: element 26. */
  priceSheetId?: string | null,
];

/** More causes than there are; a guard for what comes from elsewhere. */
const MAX_MISSES = 12;
const MAX_DETAIL_CHARACTERS = 300;

/** The likeliest code of rows from before codes were kept. */
const OLD_CODES: Record<AffinityOutcome, AffinityCode> = {
  hit: 'bound-account',
  new: 'nothing-bound',
  moved: 'account-resting',
  borrowed: 'bound-account-full',
  none: 'not-routed',
  off: 'affinity-off',
};

/** `miss-totals.ts` reads it in SQL: the cause is element 0, and so on. Facts are not in older rows. */
type MissTail = [
  cause: Miss['cause'],
  tokens: number,
  costNanoUsd: number | null,
  detail?: string | null,
  facts?: FactsTail,
];

/** Without the nulls at its end. */
type FactsTail = [
  code: MissFacts['code'],
  ms?: number | null,
  count?: number | null,
  upTo?: number | null,
  name?: string | null,
];

/** `ATTEMPT_ELEMENTS` of attempt-schema.ts tells SQL what is where. */
type AttemptTail = [
  accountId: string,
  accountName: string,
  providerName: string,
  status: number | null,
  outcome: AttemptRow['outcome'],
  fault: AttemptRow['fault'],
  reason: string,
  isPossibleDuplicate: 0 | 1,
  connectMs: number | null,
  startedAtMs: number,
  firstByteMs: number | null,
  durationMs: number,
];

/** Refers to `sheet`, which has to be written before it. */
export interface RequestText extends RowText {
  sheet: PriceSheetRecord | null;
}

export function requestText(row: RequestRow, sheet: PriceSheetRecord | null): RequestText {
  const head = [
    row.id,
    row.requestId,
    row.startedAtMs,
    row.latencyMs,
    row.timeToFirstTokenMs,
    row.surface,
    flag(row.isStreamed),
    row.requestedModel,
    row.modelId,
    row.status,
    row.outcome,
    row.apiKeyId,
    row.apiKeyName,
    row.userId,
    row.sessionId,
    row.providerId,
    row.accountId,
    row.inputTokens,
    row.outputTokens,
    row.cacheReadTokens,
    row.cacheWriteTokens,
    row.usageSource,
    row.costNanoUsd,
    row.savedNanoUsd,
    row.cacheReadNanoUsd,
    row.cacheWriteNanoUsd,
    row.credits,
    row.affinity,
    row.missCause,
    flag(row.isKeepWarm),
    row.errorMessage,
  ];
  return { head: JSON.stringify(head), tail: JSON.stringify(tailOf(row, sheet)), sheet };
}

function tailOf(row: RequestRow, sheet: PriceSheetRecord | null): Tail {
  return [
    row.finishedAtMs,
    row.path,
    row.upstreamModel,
    row.endpointSurface,
    row.losses,
    row.errorCode,
    row.endpointId,
    row.reasoningTokens,
    row.cacheWrite5mTokens,
    row.cacheWrite1hTokens,
    row.audioInputTokens,
    row.audioOutputTokens,
    row.rawUsage,
    row.usageFlags,
    row.priceVersion,
    row.queueMs,
    row.affinityReason,
    row.expectedWarmTokens,
    row.attempts.map(attemptTail),
    row.affinityCode,
    row.misses?.slice(0, MAX_MISSES).map(missTail) ?? null,
    row.route && routeTail(row.route),
    row.cacheLevers && leverTail(row.cacheLevers),
    row.prefixParentId,
    row.prefixSharedTokens,
    row.traceId,
    sheet?.id ?? null,
  ];
}

function missTail({ cause, tokens, costNanoUsd, detail, facts }: Miss): MissTail {
  if (detail === null && facts === null) return [cause, tokens, costNanoUsd];
  const words = detail?.slice(0, MAX_DETAIL_CHARACTERS) ?? null;
  if (facts === null) return [cause, tokens, costNanoUsd, words];
  return [cause, tokens, costNanoUsd, words, factsTail(facts)];
}

function factsTail({ code, ms, count, upTo, name }: MissFacts): FactsTail {
  const tail: FactsTail = [code, ms, count, upTo, name?.slice(0, MAX_DETAIL_CHARACTERS) ?? null];
  while (tail.at(-1) === null) tail.pop();
  return tail;
}

function attemptTail(attempt: AttemptRow): AttemptTail {
  return [
    attempt.accountId,
    attempt.accountName,
    attempt.providerName,
    attempt.status,
    attempt.outcome,
    attempt.fault,
    attempt.reason,
    flag(attempt.isPossibleDuplicate),
    attempt.connectMs,
    attempt.startedAtMs,
    attempt.firstByteMs,
    attempt.durationMs,
  ];
}

export function requestOf({
  tail,
  isStreamed,
  isKeepWarm,
  priceSheet,
  ...columns
}: StoredRequest): RequestRow {
  const rest: Tail = JSON.parse(tail);
  const sheet: PriceSheet | null = priceSheet === null ? null : JSON.parse(priceSheet);
  const attempts = rest[18];
  return {
    ...columns,
    isStreamed: isStreamed === 1,
    isKeepWarm: isKeepWarm === 1,
    finishedAtMs: rest[0],
    path: rest[1],
    upstreamModel: rest[2],
    endpointSurface: rest[3],
    losses: rest[4],
    errorCode: rest[5],
    endpointId: rest[6],
    reasoningTokens: rest[7],
    cacheWrite5mTokens: rest[8],
    cacheWrite1hTokens: rest[9],
    audioInputTokens: rest[10],
    audioOutputTokens: rest[11],
    rawUsage: rest[12],
    usageFlags: rest[13],
    priceVersion: rest[14],
    priceSheet: sheet,
    queueMs: rest[15],
    affinityReason: rest[16],
    expectedWarmTokens: rest[17],
    attempts: attempts.map(attemptOf),
    affinityCode: rest[19] ?? OLD_CODES[columns.affinity],
    misses: rest[20]?.map(missOf) ?? null,
    route: rest[21] ? routeOf(rest[21]) : null,
    cacheLevers: rest[22] ? leverOf(rest[22]) : null,
    prefixParentId: rest[23] ?? null,
    prefixSharedTokens: rest[24] ?? null,
    traceId: rest[25] ?? null,
  };
}

function missOf([cause, tokens, costNanoUsd, detail = null, facts]: MissTail): Miss {
  return { cause, tokens, costNanoUsd, detail, facts: facts ? factsOf(facts) : null };
}

function factsOf([code, ms = null, count = null, upTo = null, name = null]: FactsTail): MissFacts {
  return { code, ms, count, upTo, name };
}

function attemptOf(tail: AttemptTail): AttemptRow {
  return {
    accountId: tail[0],
    accountName: tail[1],
    providerName: tail[2],
    status: tail[3],
    outcome: tail[4],
    fault: tail[5],
    reason: tail[6],
    isPossibleDuplicate: tail[7] === 1,
    connectMs: tail[8],
    startedAtMs: tail[9],
    firstByteMs: tail[10],
    durationMs: tail[11],
  };
}
