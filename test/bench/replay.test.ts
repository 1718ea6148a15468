// The pure parts of the replay: what is read from a trace, sent, counted and printed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPromptBlocks } from '../../server/demo/anthropic-prompt.ts';
import { parseJsonObject } from '../../server/demo/json.ts';
import { isObject } from '../../server/wire/json.ts';
import { ceilingReads, sumHits } from './replay/ceiling.ts';
import { parseOptions } from './replay/options.ts';
import { plotSvg } from './replay/plot.ts';
import { PromptWriter } from './replay/prompt.ts';
import { disagreement } from './replay/report.ts';
import { planScene, prepareLoad } from './replay/scene.ts';
import { assignKeys, type PlannedRequest, planSlice, roundOf } from './replay/slice.ts';
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

const PLAN = {
  copies: 1,
  roundMs: 1_000_000,
  windowMs: 1_000_000,
  requestCount: Number.POSITIVE_INFINITY,
  seed: 1,
};

test('planSlice lays sessions out evenly, runs round, and keeps what falls into the window', () => {
  const trace = parseTrace(SESSIONS);
  const slice = planSlice(trace, { ...PLAN, copies: 2, roundMs: 30_000, windowMs: 25_000 });
  assert.deepEqual(
    slice,
    slice.toSorted((a, b) => a.atMs - b.atMs),
  );
  const starts = new Set([0, 7_500, 15_000, 22_500]);
  for (const { request, atMs } of slice) {
    const startMs = (((atMs - request.atMs) % 30_000) + 30_000) % 30_000;
    assert.ok(starts.has(startMs), `a session begins at ${startMs}`);
  }
  // Each copy has requests at 0, 20 and 40 s of its first session and at 0 s of its second: eight, some behind the window.
  const all = planSlice(trace, { ...PLAN, copies: 2, roundMs: 30_000, windowMs: 30_000 });
  assert.equal(all.length, 8);
  assert.equal(slice.length, all.filter(({ atMs }) => atMs < 25_000).length);
});

test('planSlice gives copies sessions of their own and cuts off behind the wanted requests', () => {
  const trace = parseTrace(SESSIONS);
  const slice = planSlice(trace, { ...PLAN, copies: 3 });
  assert.equal(new Set(slice.map(({ session }) => session)).size, 6);
  assert.deepEqual(planSlice(trace, { ...PLAN, copies: 3, requestCount: 5 }), slice.slice(0, 5));
});

test('planSlice keeps absolute times, spread over the grid they are known on', () => {
  const rows = [0, 0, 3_000, 9_000].map((atMs, session) => [atMs, session, 0, 64, 1, -1, 0, 1]);
  const trace = parseTrace(traceText({ ...HEADER, relative: false }, rows));
  assert.equal(roundOf(trace, 7), 12_000);
  for (const { request, atMs } of planSlice(trace, PLAN)) {
    assert.ok(atMs >= request.atMs && atMs < request.atMs + 3_000, `${request.atMs} became ${atMs}`);
  }
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

const EVERYTHING = planSlice(parseTrace(SESSIONS), PLAN);

function sentBy(index: number, { copy = 0, scale = 2 } = {}) {
  const trace = parseTrace(SESSIONS);
  const slice: PlannedRequest[] = trace.requests.flatMap((request) =>
    [0, 1].map((number) => ({ request, copy: number, session: request.session, atMs: 0 })),
  );
  const [request] = trace.requests.slice(index);
  assert.ok(request);
  const writer = new PromptWriter(trace, slice, scale);
  return sentBlocks(writer.body({ request, copy }, { model: 'm', name: `r${index}` }));
}

test('PromptWriter sends equal prefixes as equal blocks, and only those', () => {
  const sharedTokens = (a: readonly { key: number; endTokens: number }[], b: readonly { key: number }[]) => {
    const count = commonPrefix(
      a.map(({ key }) => key),
      b.map(({ key }) => key),
    );
    return a[count - 1]?.endTokens ?? 0;
  };
  assert.equal(sharedTokens(sentBy(0), sentBy(1)), (9 * 64) / 2);
  assert.equal(sharedTokens(sentBy(1), sentBy(2)), (12 * 64) / 2);
  assert.equal(sharedTokens(sentBy(0), sentBy(3)), (4 * 64) / 2);
  assert.equal(sharedTokens(sentBy(0), sentBy(0, { copy: 1 })), 0, 'copies share nothing');
});

test('PromptWriter sends a scaled-down prompt of the traced size', () => {
  for (const [index, { inputTokens }] of parseTrace(SESSIONS).requests.entries()) {
    const tokens = sentBy(index).at(-1)?.endTokens ?? 0;
    assert.ok(Math.abs(tokens - inputTokens / 2) <= 3, `${tokens} for ${inputTokens}`);
  }
});

test('PromptWriter marks the system prompt and the last three blocks, never the message with the name', () => {
  // shared 0-4, 4-9, 9-12, 12-14, tail
  const marks = sentBy(2).map(({ breakpointTtlMs }) => breakpointTtlMs !== null);
  assert.deepEqual(marks, [true, true, true, true, false]);
});

test('PromptWriter refuses a scale that leaves no room for distinct blocks', () => {
  assert.throws(
    () => new PromptWriter(parseTrace(SESSIONS), EVERYTHING, 32),
    /Cannot scale tokens down by 32/,
  );
});

test('PromptWriter gives a partial last block its own size', () => {
  const header = { ...HEADER, block: 512, tail: 'ceil', relative: false };
  const trace = parseTrace(traceText(header, [[0, 0, 0, 1_300, 1, -1, 0, 3]]));
  const slice = planSlice(trace, PLAN);
  const [only] = slice;
  assert.ok(only);
  assert.equal(new PromptWriter(trace, slice, 1).prompt(only).blocks.at(-1)?.tokens, 1_300);
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
  test(`ceilingReads counts ${name}`, () => {
    const rows = prompts.map(({ keys, atMs, model = 0 }) => ({ prompt: prompt(keys, 5), model, atMs }));
    const count = sumHits(ceilingReads(rows, { ttlMs: 1_000, minTokens: 150 }));
    const inputTokens = prompts.reduce((sum, { keys }) => sum + keys.length * 100 + 5, 0);
    assert.deepEqual(count, { inputTokens, readTokens });
  });
}

test('planScene has so many slots that the ceiling would use the wanted share of them', () => {
  // One request a second for 100 s, each 1.32 s + 1,000 cold tokens x 0.017 ms + 1,000 output tokens x 14.6 ms = 15.937 s.
  const rows = Array.from({ length: 101 }, (_, index) => [index * 1_000, index, 0, 1_000, 1_000, -1, 0, 16]);
  const trace = parseTrace(traceText({ ...HEADER, relative: false }, rows));
  const load = prepareLoad(trace, { ...PLAN, windowMs: 200_000, warmupMs: 0, scale: 2 });
  const scene = planScene(load, {
    accounts: 4,
    utilisation: 0.7,
    keyCount: 3,
    hasSharedWarmth: false,
    hasUnknownSlots: false,
    hasTokenLimit: true,
    lostWrites: 0,
    downtime: null,
  });
  const perSecond = 101 / (load.countedMs / 1000);
  const total = scene.slots.reduce((sum, slots) => sum + slots, 0);
  assert.equal(total, Math.ceil((perSecond * 15.937) / 0.7));
  assert.ok(Math.max(...scene.slots) - Math.min(...scene.slots) <= 1);
  // Nothing can be read: all of the input is what the limit leaves room for, a quarter more than the slots.
  const sentTokens = load.best.reduce((sum, { inputTokens }) => sum + inputTokens, 0);
  const perMinute = (sentTokens / load.countedMs) * 60_000;
  assert.equal(scene.uncachedTokensPerMinute, Math.round(perMinute / (0.8 * 0.7) / 4));
});

test('disagreement tells every count in which clients and request log differ', () => {
  const policy = 'session';
  assert.equal(disagreement({ policy, logDiff: { inputTokens: 0, readTokens: 0, rows: 0 } }), null);
  assert.match(
    disagreement({ policy, logDiff: { inputTokens: 10, readTokens: -1, rows: 2 } }) ?? '',
    /^session: .*input tokens by 10; cache reads by -1; requests by 2$/,
  );
});

test('parseOptions reads a command line and names what is wrong with one', () => {
  assert.equal(parseOptions(['--help']), null);
  const options = parseOptions([
    'a',
    'b',
    '--policy',
    'session,round-robin',
    '--minutes',
    '5',
    '--accounts',
    '4,8',
  ]);
  assert.deepEqual(options?.files, ['a', 'b']);
  assert.deepEqual(options?.policies, ['session', 'round-robin']);
  assert.deepEqual(options?.accounts, [4, 8]);
  assert.equal(options?.windowMs, 300_000);
  assert.throws(() => parseOptions([]), /give a FILE/);
  assert.throws(() => parseOptions(['file', '--policy', 'magic']), /no policy "magic"/);
  assert.throws(() => parseOptions(['file', '--requests', '1.5']), /--requests must be a whole number/);
  assert.throws(
    () => parseOptions(['file', '--utilisation', '0.4,2']),
    /--utilisation must be a number from 0.01 to 1/,
  );
});

test('plotSvg draws a panel for each trace and keeps labels apart', () => {
  const point = { panel: 'a & b', utilisation: 0.4, share: 0.5 };
  const svg = plotSvg([
    { ...point, policy: 'warm-cost' },
    { ...point, policy: 'session' },
    { ...point, panel: 'other', policy: 'session' },
  ]);
  assert.equal(svg.match(/<polyline/g)?.length, 3);
  assert.match(svg, /a &amp; b/);
  const labels = [...svg.matchAll(/y="([\d.]+)">(?:session|warm-cost)</g)].map((match) => Number(match[1]));
  assert.equal(labels.length, 3);
  assert.equal(Math.abs((labels[0] ?? 0) - (labels[1] ?? 0)), 13);
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
