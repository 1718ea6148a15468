// The pure parts of the replay: what is read from a trace, sent, counted and printed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPromptBlocks } from '../../server/demo/anthropic-prompt.ts';
import { parseJsonObject } from '../../server/demo/json.ts';
import { isObject } from '../../server/wire/json.ts';
import { AcceleratedClock } from './replay/accelerated-clock.ts';
import { computeCeiling } from './replay/ceiling.ts';
import { busiestLoad } from './replay/load.ts';
import { parseOptions } from './replay/options.ts';
import { PromptWriter } from './replay/prompt.ts';
import { disagreement } from './replay/report.ts';
import { readUsage } from './replay/send.ts';
import { assignKeys, planSlice } from './replay/slice.ts';
import { parseTrace, type TraceRequest } from './replay/trace.ts';
import { textTable } from './text-table.ts';

const HEADER = { format: 'ptrace1', block: 64, tail: 'floor', relative: true, models: ['m'] };

/** Two sessions that share four blocks; the second turn of the first drops the parent's last block. */
const SESSIONS = traceText(HEADER, [
  { session: 0, shared: 4, sharedKey: 'k' },
  [0, 0, 0, 650, 10, -1, 0, 10],
  [20_000, 0, 0, 780, 10, 0, 9, 12],
  [40_000, 0, 0, 900, 10, 1, 12, 14],
  { session: 1, shared: 4, sharedKey: 'k' },
  [0, 1, 0, 400, 10, -1, 0, 6],
]);

function traceText(header: object, lines: readonly unknown[]): string {
  return [header, ...lines].map((line) => JSON.stringify(line)).join('\n');
}

/** A name for every block, as a file with ids would have them. */
function blockNames({ runs }: TraceRequest): string[] {
  const names: string[] = [];
  for (const { owner, end } of runs) while (names.length < end) names.push(`${owner}.${names.length}`);
  return names;
}

function commonPrefix(a: readonly unknown[], b: readonly unknown[]): number {
  const first = a.findIndex((value, index) => value !== b[index]);
  return first === -1 ? a.length : first;
}

test('parseTrace gives prompts the common prefixes that the file states', () => {
  const { requests } = parseTrace(SESSIONS);
  const names = requests.map(blockNames);
  assert.deepEqual(
    names.map((list) => list.length),
    [10, 12, 14, 6],
  );
  assert.equal(commonPrefix(names[0] ?? [], names[1] ?? []), 9);
  assert.equal(commonPrefix(names[1] ?? [], names[2] ?? []), 12);
  assert.equal(
    commonPrefix(names[0] ?? [], names[3] ?? []),
    4,
    'sessions with one key share their beginning',
  );
});

test('parseTrace does not share a prefix with a second beginning in the same session', () => {
  const { requests } = parseTrace(
    traceText(HEADER, [
      { session: 0, shared: 4, sharedKey: 'k' },
      request({ blocks: 6 }),
      request({ blocks: 6 }),
    ]),
  );
  const [first, second] = requests.map(blockNames);
  assert.equal(commonPrefix(first ?? [], second ?? []), 0);
});

function request({ parent = -1, lcp = 0, blocks = 1 }: { parent?: number; lcp?: number; blocks?: number }) {
  return [0, 0, 0, blocks * 64, 1, parent, lcp, blocks];
}

const BAD_TRACES: readonly { name: string; text: string; line: number }[] = [
  { name: 'nothing', text: '', line: 1 },
  { name: 'another format', text: '{"format":"other","block":64}', line: 1 },
  { name: 'no block size', text: '{"format":"ptrace1"}', line: 1 },
  { name: 'broken JSON', text: `${JSON.stringify(HEADER)}\n[1,`, line: 2 },
  { name: 'a short request', text: traceText(HEADER, [[0, 0, 0]]), line: 2 },
  { name: 'a parent that comes later', text: traceText(HEADER, [request({ parent: 5 })]), line: 2 },
];

for (const { name, text, line } of BAD_TRACES) {
  test(`parseTrace refuses ${name} and names the line`, () => {
    assert.throws(() => parseTrace(text), { message: new RegExp(`^Cannot read trace line ${line}: `) });
  });
}

test('planSlice keeps the order and gaps of a session and cuts it off at the window', () => {
  const slice = planSlice(parseTrace(SESSIONS), { requestCount: 10, windowMs: 35_000, seed: 1 });
  const own = slice.filter(({ request }) => request.session === 0);
  assert.equal(slice[0]?.atMs, 0);
  assert.deepEqual(
    own.map(({ index }) => index),
    [0, 1],
  );
  assert.equal((own[1]?.atMs ?? 0) - (own[0]?.atMs ?? 0), 20_000);
  assert.deepEqual(
    slice,
    slice.toSorted((a, b) => a.atMs - b.atMs),
  );
});

test('planSlice cuts a trace with absolute times off behind the wanted requests', () => {
  const trace = parseTrace(
    traceText({ ...HEADER, relative: false }, [
      [500, 0, 0, 64, 1, -1, 0, 1],
      [900, 1, 0, 64, 1, -1, 0, 1],
      [950, 2, 0, 64, 1, -1, 0, 1],
    ]),
  );
  const slice = planSlice(trace, { requestCount: 2, windowMs: 1, seed: 1 });
  assert.deepEqual(
    slice.map(({ atMs }) => atMs),
    [0, 400],
  );
});

test('assignKeys gives the first key most sessions and is the same for the same seed', () => {
  const sessions = Array.from({ length: 2_000 }, (_, session) => session);
  const keys = assignKeys(sessions, { keyCount: 4, seed: 3 });
  const counts = [0, 1, 2, 3].map((key) => [...keys.values()].filter((value) => value === key).length);
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => b - a),
  );
  assert.ok((counts[0] ?? 0) > 800 && (counts[0] ?? 0) < 1_120, `first key has ${counts[0]} of 2000`);
  assert.deepEqual(keys, assignKeys(sessions, { keyCount: 4, seed: 3 }));
});

test('PromptWriter sends equal prefixes as equal blocks, and only those', () => {
  const trace = parseTrace(SESSIONS);
  const slice = planSlice(trace, { requestCount: 10, windowMs: 1_000_000, seed: 1 });
  const writer = new PromptWriter(trace, slice, 2);
  const sent = trace.requests.map((row) => sentBlocks(writer.body(row, { model: 'm', maxTokens: 1 })));
  const sharedTokens = (a: number, b: number) => {
    const keys = (sent[a] ?? []).map(({ key }) => key);
    const count = commonPrefix(
      keys,
      (sent[b] ?? []).map(({ key }) => key),
    );
    return sent[a]?.[count - 1]?.endTokens;
  };
  assert.equal(sharedTokens(0, 1), (9 * 64) / 2);
  assert.equal(sharedTokens(1, 2), (12 * 64) / 2);
  assert.equal(sharedTokens(0, 3), (4 * 64) / 2);
});

test('PromptWriter sends a scaled-down prompt of the traced size', () => {
  const trace = parseTrace(SESSIONS);
  const writer = new PromptWriter(
    trace,
    planSlice(trace, { requestCount: 10, windowMs: 1_000_000, seed: 1 }),
    2,
  );
  for (const row of trace.requests) {
    const tokens = sentBlocks(writer.body(row, { model: 'm', maxTokens: 1 })).at(-1)?.endTokens ?? 0;
    assert.ok(Math.abs(tokens - row.inputTokens / 2) <= 1, `${tokens} for ${row.inputTokens}`);
  }
});

test('PromptWriter marks the system prompt and the last three blocks', () => {
  const trace = parseTrace(SESSIONS);
  const writer = new PromptWriter(
    trace,
    planSlice(trace, { requestCount: 10, windowMs: 1_000_000, seed: 1 }),
    2,
  );
  const last = trace.requests[2];
  assert.ok(last);
  const body = parseJsonObject(writer.body(last, { model: 'm', maxTokens: 1 }));
  const marks = sentBlocks(JSON.stringify(body)).map(({ breakpointTtlMs }) => breakpointTtlMs !== null);
  // shared 0-4, 4-9, 9-12, 12-14, tail
  assert.deepEqual(marks, [true, true, true, true, false]);
  assert.ok(Array.isArray(body?.system) && body.system.length === 1);
});

test('PromptWriter refuses a scale that leaves no room for distinct blocks', () => {
  const trace = parseTrace(SESSIONS);
  assert.throws(() => new PromptWriter(trace, [], 32), /Cannot scale tokens down by 32/);
});

test('PromptWriter gives a partial last block its own size', () => {
  const header = { ...HEADER, block: 512, tail: 'ceil', relative: false };
  const trace = parseTrace(traceText(header, [[0, 0, 0, 1_300, 1, -1, 0, 3]]));
  const writer = new PromptWriter(trace, planSlice(trace, { requestCount: 1, windowMs: 1, seed: 1 }), 1);
  const [only] = trace.requests;
  assert.ok(only);
  assert.equal(writer.prompt(only).blocks.at(-1)?.tokens, 1_300);
});

function sentBlocks(bodyText: string) {
  const body = parseJsonObject(bodyText);
  assert.ok(isObject(body));
  return readPromptBlocks(body, 'm');
}

const block = (key: string, tokens: number) => ({ key, owner: 0, start: 0, end: 1, tokens });
const prompt = (keys: string, tailTokens = 0) => ({
  blocks: [...keys].map((key) => block(key, 100)),
  tailTokens,
});

const CEILINGS: readonly {
  name: string;
  prompts: readonly { keys: string; atMs: number; model?: number }[];
  readTokens: number;
}[] = [
  {
    name: 'a repeated prefix',
    prompts: [
      { keys: 'abc', atMs: 0 },
      { keys: 'abd', atMs: 10 },
    ],
    readTokens: 200,
  },
  {
    name: 'nothing behind a difference',
    prompts: [
      { keys: 'abc', atMs: 0 },
      { keys: 'xbc', atMs: 10 },
    ],
    readTokens: 0,
  },
  {
    name: 'nothing of another model',
    prompts: [
      { keys: 'ab', atMs: 0 },
      { keys: 'ab', atMs: 10, model: 1 },
    ],
    readTokens: 0,
  },
  {
    name: 'nothing at the end of its life',
    prompts: [
      { keys: 'ab', atMs: 0 },
      { keys: 'ab', atMs: 1_000 },
    ],
    readTokens: 0,
  },
  {
    name: 'what a read has refreshed',
    prompts: [
      { keys: 'ab', atMs: 0 },
      { keys: 'ab', atMs: 900 },
      { keys: 'ab', atMs: 1_800 },
    ],
    readTokens: 400,
  },
  {
    name: 'nothing below the minimum',
    prompts: [
      { keys: 'a', atMs: 0 },
      { keys: 'a', atMs: 1 },
    ],
    readTokens: 0,
  },
];

for (const { name, prompts, readTokens } of CEILINGS) {
  test(`computeCeiling counts ${name}`, () => {
    const rows = prompts.map(({ keys, atMs, model = 0 }) => ({ prompt: prompt(keys, 5), model, atMs }));
    const count = computeCeiling(rows, { ttlMs: 1_000, minTokens: 150 });
    const inputTokens = prompts.reduce((sum, { keys }) => sum + keys.length * 100 + 5, 0);
    assert.deepEqual(count, { inputTokens, readTokens });
  });
}

function clockAt(speed: number) {
  let realMs = 0;
  const clock = new AcceleratedClock({ speed, startMs: 0, maxStepMs: 2, realNowMs: () => realMs });
  return {
    clock,
    tick(ms: number) {
      realMs += ms;
      clock.tick();
    },
  };
}

test('AcceleratedClock runs the given factor faster, and no further when the machine lags', () => {
  const { clock, tick } = clockAt(50);
  tick(1);
  assert.equal(clock.nowMs(), 50);
  tick(400);
  assert.equal(clock.nowMs(), 150, 'a step counts for two milliseconds at most');
});

test('AcceleratedClock fires timers in order at their own times, cancelled ones never', () => {
  const { clock, tick } = clockAt(100);
  const fired: string[] = [];
  const note = (name: string) => () => fired.push(`${name}@${clock.nowMs()}`);
  clock.setTimer(note('late'), 90);
  clock.setTimer(() => {
    note('early')();
    clock.setTimer(note('follow-up'), 10);
  }, 30);
  clock.setTimer(note('cancelled'), 50)();
  clock.setTimer(note('later'), 500);
  tick(1);
  assert.deepEqual(fired, ['early@30', 'follow-up@40', 'late@90']);
  assert.equal(clock.nowMs(), 100);
});

test('busiestLoad is the mean in flight of the busiest quarter', () => {
  const single = Array.from({ length: 40 }, (_, index) => ({
    sentAtMs: index * 100,
    endedAtMs: index * 100 + 100,
  }));
  const extra = single.filter(({ sentAtMs }) => sentAtMs >= 2_000 && sentAtMs < 3_000);
  assert.equal(busiestLoad([]), 0);
  assert.ok(Math.abs(busiestLoad(single) - 1) < 0.05);
  assert.ok(Math.abs(busiestLoad([...single, ...extra]) - 2) < 0.1);
});

test('readUsage counts all input of a stream and what of it was read', () => {
  const usage = {
    input_tokens: 5,
    cache_creation_input_tokens: 20,
    cache_read_input_tokens: 100,
    output_tokens: 3,
  };
  const stream = `event: message_delta\ndata: ${JSON.stringify({ type: 'message_delta', delta: {}, usage })}\n\n`;
  assert.deepEqual(readUsage(stream), { inputTokens: 125, readTokens: 100 });
  assert.deepEqual(readUsage('{"type":"error"}'), { inputTokens: null, readTokens: 0 });
});

test('disagreement tells every count in which clients and request log differ', () => {
  const seen = { inputTokens: 100, readTokens: 60 };
  const logged = { ...seen, rows: 0, droppedRows: 0 };
  const result = { policy: 'session', seen, logged, replies: [] } as const;
  assert.equal(disagreement(result), null);
  assert.match(
    disagreement({ ...result, logged: { ...logged, inputTokens: 90, readTokens: 61, rows: 1 } }) ?? '',
    /^session: .*input tokens 100 against 90; cache reads 60 against 61; requests 0 against 1 rows$/,
  );
});

test('parseOptions reads a command line and names what is wrong with one', () => {
  assert.equal(parseOptions(['--help']), null);
  const options = parseOptions(['file', '--policy', 'session,round-robin', '--minutes', '5', '--slots', '0']);
  assert.deepEqual(options?.policies, ['session', 'round-robin']);
  assert.equal(options?.windowMs, 300_000);
  assert.equal(options?.slots, 0);
  assert.throws(() => parseOptions([]), /exactly one FILE/);
  assert.throws(() => parseOptions(['file', '--policy', 'magic']), /no policy "magic"/);
  assert.throws(() => parseOptions(['file', '--requests', '1.5']), /--requests must be a whole number/);
  assert.throws(() => parseOptions(['file', '--speed', '']), /--speed must be a number from 1 to 1000/);
});

test('textTable lines columns up', () => {
  assert.equal(
    textTable([
      ['a', 'number'],
      ['long name', '1'],
    ]),
    'a          number\nlong name       1',
  );
});
