// Turns rows of the request log into a trace: metadata only, no prompt is needed.
//
// Each row names the earlier request whose prompt it repeats and how far. A provider that read more than that has proved
// that more is shared. Rows without such a parent that read from the cache all the same repeat at least that much of
// the request before them in their session.

import type { RequestRow } from '../../gateway/ports.ts';
import type { ReplayRequest, ReplayTrace } from './trace.ts';

/** What is kept of a row. */
export interface RecordedRequest {
  ids: readonly string[];
  atMs: number;
  modelId: string;
  apiKeyId: string;
  sessionId: string | null;
  accountId: string | null;
  inputTokens: number;
  outputTokens: number;
  readTokens: number;
  parentId: string | null;
  sharedTokens: number;
  costNanoUsd: number | null;
  savedNanoUsd: number | null;
}

/** Null: it says nothing about prompt caches, or the gateway sent it of itself. */
export function recordedOf(row: RequestRow): RecordedRequest | null {
  const { modelId, inputTokens, isKeepWarm } = row;
  if (modelId === null || inputTokens === null || inputTokens <= 0 || isKeepWarm) return null;
  return {
    ids: row.id === row.requestId ? [row.id] : [row.id, row.requestId],
    atMs: row.startedAtMs,
    modelId,
    apiKeyId: row.apiKeyId ?? '',
    sessionId: row.sessionId,
    accountId: row.accountId,
    inputTokens,
    outputTokens: row.outputTokens ?? 0,
    readTokens: Math.min(inputTokens, row.cacheReadTokens ?? 0),
    parentId: row.prefixParentId,
    sharedTokens: row.prefixSharedTokens ?? 0,
    costNanoUsd: row.costNanoUsd,
    savedNanoUsd: row.savedNanoUsd,
  };
}

const STRIDE = 1024;

/** `records` in the order of their times. */
export function* traceOfRecords(records: readonly RecordedRequest[]): Generator<undefined, ReplayTrace> {
  const models = new Numbers();
  const keys = new Numbers();
  const sessions = new Numbers();
  const places = new Map<string, number>();
  /** By session and model: the latest request. */
  const latest = new Map<string, number>();
  const requests: ReplayRequest[] = [];
  for (const [place, record] of records.entries()) {
    if (place % STRIDE === STRIDE - 1) yield;
    const { modelId, apiKeyId, sessionId } = record;
    const named = sessionId === null ? null : sessions.of(`${apiKeyId}|${sessionId}`);
    const chain = named === null ? null : `${named}|${modelId}`;
    const known = record.parentId === null ? undefined : places.get(record.parentId);
    const parent = known ?? (record.readTokens > 0 && chain !== null ? latest.get(chain) : undefined) ?? -1;
    const from = requests[parent];
    const shared = Math.max(record.readTokens, known === undefined ? 0 : record.sharedTokens);
    requests.push({
      atMs: record.atMs,
      // Without a session of its own it belongs to that of the prompt it repeats.
      session: named ?? from?.session ?? sessions.of(`request ${place}`),
      key: keys.of(apiKeyId),
      model: models.of(modelId),
      inputTokens: record.inputTokens,
      cacheableTokens: record.inputTokens,
      outputTokens: record.outputTokens,
      parent,
      sharedTokens: from ? Math.min(shared, record.inputTokens, from.inputTokens) : 0,
    });
    for (const id of record.ids) places.set(id, place);
    if (chain !== null) latest.set(chain, place);
  }
  return { isRelative: false, models: models.names, requests };
}

/** Numbers texts from 0, in the order they come. */
class Numbers {
  readonly #numbers = new Map<string, number>();

  get names(): string[] {
    return [...this.#numbers.keys()];
  }

  of(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}
