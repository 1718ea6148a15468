// The arithmetic of the overhead bench and the soak: what they count, compare and print.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageReader } from './message-reader.ts';
import { bodyText } from './overhead/calls.ts';
import { added, Figures } from './overhead/figures.ts';
import { judgeAll, verdictOf } from './overhead/goals.ts';
import { parseOptions } from './overhead/options.ts';
import { STREAM_END, STREAM_HEAD, STREAM_START, stampAt, stampedChunk } from './overhead/replies.ts';
import { goalTable, shown } from './overhead/report.ts';
import { parseProcessStat, parseResidentMb, treeOf } from './process-stats.ts';
import { faultAt, promptOf, wishOf } from './soak/faults.ts';
import { complaints, type Outcome, slopeMbPerMinute } from './soak/soak-report.ts';
import { median, percentile, ratio } from './statistics.ts';

test('percentile is the nearest rank, whatever the order', () => {
  const values = [30, 10, 2, 20, 40];
  assert.deepEqual(
    [0.5, 0.99, 0.2, 0].map((share) => percentile(values, share)),
    [20, 40, 2, 2],
  );
  assert.equal(percentile([], 0.5), null);
});

test('median takes the middle, or the mean of the two in the middle', () => {
  assert.deepEqual([median([9, 1, 100]), median([1, 100, 3, 5]), median([])], [9, 4, null]);
});

test('ratio is null without a base', () => {
  assert.deepEqual([ratio(3, 2), ratio(3, 0), ratio(null, 2), ratio(3, null)], [1.5, null, null, null]);
});

test('parseProcessStat reads past a name with spaces and parentheses', () => {
  const line = '77 (a (b) c) S 12 77 77 0 -1 4194304 100 0 0 0 250 31 0 0 20 0 12 0 99 1 2';
  assert.deepEqual(parseProcessStat(line), { pid: 77, parentPid: 12, cpuMs: 2_810 });
  assert.equal(parseProcessStat(''), null);
});

test('parseResidentMb reads VmRSS, and nothing from a process that ends', () => {
  assert.equal(parseResidentMb('VmPeak:\t 9999 kB\nVmRSS:\t   2048 kB\nThreads:\t1\n'), 2);
  assert.equal(parseResidentMb('State:\tZ (zombie)\n'), 0);
});

test('treeOf takes children and their children, and no others', () => {
  const stat = (pid: number, parentPid: number) => ({ pid, parentPid, cpuMs: 1 });
  const stats = [stat(1, 0), stat(5, 1), stat(6, 5), stat(7, 6), stat(8, 1)];
  assert.deepEqual(
    treeOf(5, stats).map(({ pid }) => pid),
    [5, 6, 7],
  );
});

const PLAIN = 'HTTP/1.1 429 Too Many\r\nContent-Length: 5\r\n\r\nhello';
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe\n\n0\r\n0\r\n\r\n';

for (const [name, text, status] of [
  ['with a length', PLAIN, 429],
  ['in chunks', CHUNKED, 200],
  ['without a body', 'HTTP/1.1 204 No Content\r\n\r\n', 204],
] as const) {
  test(`MessageReader finds the end of a message ${name}, wherever it is cut`, () => {
    for (let cut = 1; cut < text.length; cut += 1) {
      const reader = new MessageReader();
      for (const repetition of [1, 2]) {
        const where = `cut at ${cut}, message ${repetition}`;
        assert.equal(reader.feed(Buffer.from(text.slice(0, cut))), false, where);
        assert.equal(reader.feed(Buffer.from(text.slice(cut))), true, where);
        assert.equal(reader.status, status, where);
      }
    }
  });
}

test('MessageReader tells where the body begins in the bytes it was fed last', () => {
  const reader = new MessageReader();
  reader.feed(Buffer.from(PLAIN.slice(0, 30)));
  assert.equal(reader.bodyFrom, 30);
  reader.feed(Buffer.from(PLAIN.slice(30)));
  assert.equal(PLAIN.slice(30 + reader.bodyFrom), 'hello');
});

test('stampedChunk is a chunk whose stamp can be read back', () => {
  const chunk = stampedChunk(1_795_310_718_833.092);
  const [size = '', ...rest] = chunk.toString().split('\r\n');
  assert.equal(Number.parseInt(size, 16), rest.join('\r\n').length - 2);
  assert.equal(stampAt(chunk, chunk.indexOf('"@')), 1_795_310_718_833.092);
  const reader = new MessageReader();
  assert.equal(reader.feed(Buffer.concat([STREAM_HEAD, STREAM_START, chunk])), false);
  assert.equal(reader.feed(STREAM_END), true);
});

for (const dialect of ['anthropic', 'openai-chat'] as const) {
  test(`bodyText is JSON of the wanted size with the model first and stream last (${dialect})`, () => {
    for (const bytes of [1_000, 50_000, 300_000]) {
      const text = bodyText({ dialect, bytes, isStreamed: true }, 7);
      assert.equal(text.length, bytes);
      const keys = Object.keys(JSON.parse(text));
      assert.deepEqual([keys[0], keys.at(-1)], ['model', 'stream']);
    }
  });
}

test('added is the difference to the direct call of the same figure', () => {
  assert.deepEqual(added({ 'p50 ms': 3, 'p99 ms': null }, { 'p50 ms': 1, 'p99 ms': 2 }), {
    'added p50 ms': 2,
    'added p99 ms': null,
  });
});

test('verdictOf allows a tenth for noise, in either direction', () => {
  const verdicts = [
    verdictOf(100, 100, 'at-least'),
    verdictOf(92, 100, 'at-least'),
    verdictOf(89, 100, 'at-least'),
    verdictOf(100, 100, 'at-most'),
    verdictOf(109, 100, 'at-most'),
    verdictOf(111, 100, 'at-most'),
    verdictOf(null, 100, 'at-most'),
    verdictOf(0, 0, 'at-most'),
  ];
  assert.deepEqual(verdicts, ['met', 'near', 'missed', 'met', 'near', 'missed', 'not measured', 'met']);
});

test('judgeAll compares the medians of the rounds', () => {
  const figures = new Figures();
  for (const [gateway, lean] of [
    [80, 100],
    [10, 100],
    [76, 100],
  ] as const) {
    figures.add('gateway', { 'requests/s, 1 KB c64': gateway });
    figures.add('lean', { 'requests/s, 1 KB c64': lean });
  }
  figures.add('gateway', { 'added p99 ms, 1 KB 500/s': 1.4 });
  figures.add('haproxy', { 'added p99 ms, 1 KB 500/s': 0.5 });
  const [overLean, overPump] = judgeAll(figures, null);
  assert.deepEqual([overLean?.value, overLean?.ratio, overLean?.verdict], [76, 0.76, 'met']);
  assert.equal(overPump?.verdict, 'not measured');
  const overProxy = (proxy: 'haproxy' | null) =>
    judgeAll(figures, proxy).find(({ figure }) => figure === 'added p99 ms, 1 KB 500/s')?.verdict;
  assert.deepEqual([overProxy('haproxy'), overProxy(null)], ['met', 'not present']);
});

test('goalTable prints a row for a goal', () => {
  const goal = {
    number: 4,
    figure: 'CPU',
    goal: '≤ 1.2 x lean',
    value: 0.0412,
    reference: 0.05,
    ratio: 0.824,
  };
  const [, row] = goalTable([{ ...goal, verdict: 'met' }]).split('\n');
  assert.equal(row, '4 CPU  ≤ 1.2 x lean    0.041          0.050  0.824  met');
});

test('shown keeps the digits that matter', () => {
  assert.deepEqual([null, 0, 0.0123, 1.234, 12.34, 1234.5, -0.5, 512].map(shown), [
    '-',
    '0',
    '0.012',
    '1.23',
    '12.3',
    '1235',
    '-0.500',
    '512',
  ]);
});

test('parseOptions refuses parts and rounds that do not exist', () => {
  assert.equal(parseOptions(['--help']), null);
  assert.equal(parseOptions(['--quick'])?.rounds, 1);
  assert.deepEqual([...(parseOptions(['--only', '1k,log'])?.only ?? [])], ['1k', 'log']);
  assert.throws(() => parseOptions(['--only', '1k,none']), /Cannot measure "none"/);
  assert.throws(() => parseOptions(['--rounds', '0']), /Cannot measure 0 rounds/);
});

test('faultAt covers its range, and wishOf finds what promptOf wrote', () => {
  assert.equal(faultAt(0), 'none');
  assert.equal(faultAt(0.999_999), 'abort-before-head');
  assert.deepEqual(wishOf(`{"content":"${promptOf(12, 'stall')}"}`), { id: 12, fault: 'stall' });
  assert.equal(wishOf('soak <1:unheard-of>'), null);
});

test('slopeMbPerMinute looks at the second half only', () => {
  const samples = Array.from({ length: 400 }, (_, second) => ({
    atMs: second * 1000,
    residentMb: second < 200 ? second * 10 : 2_000 + (second / 60) * 3,
  }));
  assert.equal(slopeMbPerMinute(samples)?.toFixed(3), '3.000');
  assert.equal(slopeMbPerMinute(samples.slice(0, 290)), null);
});

test('complaints names each thing that is not as it must be', () => {
  const well: Outcome = {
    requests: 10,
    rows: 9,
    droppedRows: 1,
    inFlight: 0,
    descriptors: { before: 20, after: 24 },
    slopeMbPerMinute: 2,
  };
  assert.deepEqual(complaints(well, 2), []);
  assert.match(complaints({ ...well, rows: 10 }, 2).join(), /^10 requests, but 10 rows and 1 dropped/);
  assert.match(complaints({ ...well, inFlight: 1 }, 2).join(), /^1 requests are still/);
  assert.match(complaints({ ...well, descriptors: { before: 20, after: 25 } }, 2).join(), /^25 files/);
  assert.match(complaints({ ...well, slopeMbPerMinute: 2.1 }, 2).join(), /^memory grows by 2.1 MB/);
  assert.deepEqual(complaints({ ...well, slopeMbPerMinute: null }, 2), []);
});
