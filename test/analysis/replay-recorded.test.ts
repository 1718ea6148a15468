// Rows of the request log as a trace: who repeats whom, whose they are, and what is left out.

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { finish } from '../../server/analysis/replay/pauses.ts';
import { type RecordedRequest, recordedOf, traceOfRecords } from '../../server/analysis/replay/recorded.ts';
import type { RequestRow } from '../../server/gateway/ports.ts';
import { requestRow } from '../storage/scratch.ts';
import { stageOf } from './replay-bench.ts';

const NOW_MS = Date.UTC(2026, 10, 21);

function row(place: number, over: Partial<RequestRow> = {}): RequestRow {
  return requestRow({
    id: `id-${place}`,
    requestId: `req-${place}`,
    startedAtMs: NOW_MS + place * 1_000,
    inputTokens: 10_000,
    outputTokens: 20,
    cacheReadTokens: 0,
    ...over,
  });
}

function traceOfRows(rows: readonly RequestRow[]) {
  const records = rows.map(recordedOf).filter((record): record is RecordedRequest => record !== null);
  return finish(traceOfRecords(records));
}

describe('recordedOf', () => {
  const left: [string, Partial<RequestRow>][] = [
    ['was refused before a model was known', { modelId: null }],
    ['reported no usage', { inputTokens: null }],
    ['had no input', { inputTokens: 0 }],
    ['was sent to keep a prefix warm', { isKeepWarm: true }],
  ];
  for (const [name, over] of left) {
    it(`leaves out what ${name}`, () => assert.equal(recordedOf(row(0, over)), null));
  }
});

describe('traceOfRecords', () => {
  it('finds parents by either id, and no farther than both prompts reach', () => {
    const { requests } = traceOfRows([
      row(0),
      row(1, { prefixParentId: 'req-0', prefixSharedTokens: 9_000 }),
      row(2, { prefixParentId: 'id-0', prefixSharedTokens: 99_000, inputTokens: 8_000 }),
      row(3, { prefixParentId: 'gone', prefixSharedTokens: 9_000, cacheReadTokens: 0 }),
    ]);
    assert.deepEqual(
      requests.map(({ parent, sharedTokens }) => [parent, sharedTokens]),
      [
        [-1, 0],
        [0, 9_000],
        [0, 8_000],
        [-1, 0],
      ],
    );
  });

  it('believes a provider that read more than was known to be shared', () => {
    const { requests } = traceOfRows([
      row(0),
      row(1, { prefixParentId: 'req-0', prefixSharedTokens: 3_000, cacheReadTokens: 5_000 }),
      row(2, { cacheReadTokens: 4_000 }),
      row(3, { cacheReadTokens: 4_000, sessionId: 's2' }),
    ]);
    assert.deepEqual(
      requests.map(({ parent, sharedTokens }) => [parent, sharedTokens]),
      [
        [-1, 0],
        [0, 5_000],
        [1, 4_000],
        [-1, 0],
      ],
    );
  });

  it('keeps sessions of different keys apart, and lets one without an id follow its parent', () => {
    const { requests } = traceOfRows([
      row(0),
      row(1, { apiKeyId: 'k2' }),
      row(2, { sessionId: null }),
      row(3, { sessionId: null, prefixParentId: 'req-2', prefixSharedTokens: 5_000 }),
      row(4),
    ]);
    const sessions = requests.map(({ session }) => session);
    assert.equal(new Set(sessions.slice(0, 3)).size, 3);
    assert.deepEqual([sessions[3], sessions[4]], [sessions[2], sessions[0]]);
    assert.deepEqual(
      requests.map(({ key }) => key),
      [0, 1, 0, 0, 0],
    );
  });

  it('replays at the recorded times', () => {
    const trace = traceOfRows([row(0), row(1, { prefixParentId: 'req-0', prefixSharedTokens: 10_000 })]);
    const { plan, ceiling } = stageOf(trace);
    assert.deepEqual(
      plan.requests.map(({ atMs }) => atMs),
      [0, 1_000],
    );
    assert.equal(ceiling.hitRate, 0.5);
  });

  it('makes an empty trace of no rows', () => {
    assert.equal(stageOf(traceOfRows([])).ceiling.hitRate, 0);
  });
});
