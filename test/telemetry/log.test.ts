// The lines of the program's log: formats, levels, the line of a request, and a stream that nobody reads.

import assert from 'node:assert/strict';
import test from 'node:test';
import { accessFields } from '../../server/telemetry/access-line.ts';
import { eventLine, isLogged } from '../../server/telemetry/event-line.ts';
import { LineWriter, MAX_QUEUED_CHARACTERS } from '../../server/telemetry/line-writer.ts';
import { areMetricsOpen, logOptions } from '../../server/telemetry/log-options.ts';
import { START_MS, sampleCatalog, settled } from './samples.ts';

const EVENT = {
  atMs: START_MS,
  level: 'warn',
  event: 'account-disabled',
  fields: { account: 'team a', status: 401, reason: null, code: 'x"=\n\u001b[31m', list: [1, 'two'] },
} as const;

test('eventLine() writes JSON on one line', () => {
  assert.equal(
    eventLine(EVENT, 'json'),
    '{"time":"2026-11-21T22:00:00.000Z","level":"warn","event":"account-disabled","account":"team a","status":401,"reason":null,"code":"x\\"=\\n\\u001b[31m","list":[1,"two"]}',
  );
});

test('eventLine() writes text that no value can break out of', () => {
  assert.equal(
    eventLine(EVENT, 'text'),
    '2026-11-21T22:00:00.000Z WARN  account-disabled account="team a" status=401 code="x\\"=\\n\\u001b[31m" list=[1,"two"]',
  );
});

for (const [level, least, expected] of [
  ['info', 'info', true],
  ['info', 'warn', false],
  ['warn', 'warn', true],
  ['error', 'warn', true],
  ['warn', 'error', false],
] as const) {
  test(`isLogged() ${expected ? 'shows' : 'hides'} ${level} from ${least} on`, () =>
    assert.equal(isLogged(level, least), expected));
}

test('accessFields() has the facts of a request and no secret', () => {
  const catalog = sampleCatalog();
  const { row } = settled({ rawUsage: '{"raw":1}', errorMessage: 'words of a provider' });
  assert.deepEqual(accessFields(row, { method: 'POST', ...catalog }), {
    requestId: 'req-1',
    method: 'POST',
    path: '/v1/messages',
    surface: 'anthropic-messages',
    model: 'sonnet',
    status: 200,
    outcome: 'ok',
    errorCode: null,
    stream: true,
    latencyMs: 2_500,
    firstTokenMs: 400,
    queueMs: 0,
    inputTokens: 1_000,
    outputTokens: 50,
    cacheReadTokens: 800,
    cacheWriteTokens: 100,
    costUsd: 0.0015,
    apiKey: 'ada',
    provider: 'one',
    account: 'a',
    affinity: 'hit',
    missCause: 'prefix-changed',
    attempts: 1,
    keepWarm: undefined,
  });
});

/** A stream that finishes a write when told to. */
function slowStream() {
  const written: string[] = [];
  let finish: (error: unknown) => void = () => undefined;
  const writer = new LineWriter((text, done) => {
    written.push(text);
    finish = done;
  });
  return { writer, written, finish: (error: unknown = null) => finish(error) };
}

test('LineWriter writes what came meanwhile in one go', async () => {
  const { writer, written, finish } = slowStream();
  for (const line of ['a', 'b', 'c']) writer.add(line);
  assert.deepEqual(written, ['a\n']);
  finish();
  assert.deepEqual(written, ['a\n', 'b\nc\n']);
  finish();
  await writer.idle();
  assert.equal(writer.dropped, 0);
});

test('LineWriter drops what does not fit while nobody reads, and counts it', () => {
  const { writer, written, finish } = slowStream();
  const line = 'x'.repeat(MAX_QUEUED_CHARACTERS / 4);
  writer.add('first');
  for (let index = 0; index < 6; index += 1) writer.add(line);
  assert.equal(writer.dropped, 2);
  finish();
  assert.equal(written[1]?.length, 4 * (line.length + 1));
  writer.add('later');
  assert.equal(writer.takeRest(), 'later\n');
});

test('LineWriter goes on after a failed write', () => {
  const { writer, written, finish } = slowStream();
  writer.add('lost');
  finish(new Error('EPIPE'));
  writer.add('next');
  assert.deepEqual([written, writer.dropped], [['lost\n', 'next\n'], 1]);
});

test('logOptions() takes the environment, then the file, then its defaults', () => {
  assert.deepEqual(logOptions({}, null), { level: 'info', format: 'json', requests: false });
  const file = { log: { level: 'error', format: 'text', requests: true } } as const;
  assert.deepEqual(logOptions({}, file), { level: 'error', format: 'text', requests: true });
  assert.deepEqual(
    logOptions({ WARMPATH_LOG_LEVEL: 'WARN', WARMPATH_LOG_FORMAT: 'json', WARMPATH_LOG_REQUESTS: '0' }, file),
    { level: 'warn', format: 'json', requests: false },
  );
});

test('logOptions() refuses what it does not know', () => {
  assert.throws(() => logOptions({ WARMPATH_LOG_LEVEL: 'loud' }, null), {
    message: 'Cannot use WARMPATH_LOG_LEVEL: it must be one of info, warn, error',
  });
  assert.throws(() => logOptions({ WARMPATH_LOG_REQUESTS: 'maybe' }, null), {
    message: 'Cannot use WARMPATH_LOG_REQUESTS: it must be 1 or 0',
  });
});

test('areMetricsOpen() is false unless somebody says so', () => {
  assert.equal(areMetricsOpen({}, null), false);
  assert.equal(areMetricsOpen({}, { metrics: { open: true } }), true);
  assert.equal(areMetricsOpen({ WARMPATH_METRICS_OPEN: '0' }, { metrics: { open: true } }), false);
  assert.equal(areMetricsOpen({ WARMPATH_METRICS_OPEN: '1' }, null), true);
});
