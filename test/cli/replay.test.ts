// `warmpath replay`: what its flags mean, which are refused, and what it prints.

import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { REPLAY_POLICIES } from '../../server/analysis/replay/policies.ts';
import { parseArguments } from '../../server/cli/arguments.ts';
import { helpText } from '../../server/cli/help.ts';
import { type ReplayReport, replayJson, replayTable } from '../../server/cli/replay-report.ts';
import { UsageError } from '../../server/cli/usage-error.ts';
import { runProgram, SKIP_REASON, temporaryFolder } from '../process/gateway-process.ts';

function parse(line: string) {
  return parseArguments(
    line.split(' ').filter((word) => word !== ''),
    {},
  );
}

describe('parseArguments', () => {
  it('replays a file with every policy on eight accounts', () => {
    assert.deepEqual(parse('replay trace.jsonl'), {
      kind: 'replay',
      file: 'trace.jsonl',
      isJson: false,
      policies: REPLAY_POLICIES,
      accounts: [8],
      utilisations: [0.7],
      slots: null,
      bucketRule: 'all',
      ttlMs: 300_000,
      keyCount: 10,
      copies: 4,
      windowMs: 4 * 3_600_000,
      seed: 1,
    });
  });

  it('reads every flag of replay', () => {
    const line =
      'replay t --policy warm-cost,sglang --accounts 4,16 --utilisation 0.4,1 --bucket uncached --ttl 60 ' +
      '--keys 3 --copies 2 --hours 0.5 --seed 9 --json';
    assert.deepEqual(parse(line), {
      kind: 'replay',
      file: 't',
      isJson: true,
      policies: ['warm-cost', 'sglang'],
      accounts: [4, 16],
      utilisations: [0.4, 1],
      slots: null,
      bucketRule: 'uncached',
      ttlMs: 60_000,
      keyCount: 3,
      copies: 2,
      windowMs: 1_800_000,
      seed: 9,
    });
  });

  it('limits no tokens where slots are given, unless told to', () => {
    const rule = (line: string) => {
      const command = parse(line);
      return 'bucketRule' in command ? [command.slots, command.bucketRule] : command;
    };
    assert.deepEqual(rule('replay t --slots 5'), [5, 'none']);
    assert.deepEqual(rule('replay t --slots 5 --bucket all'), [5, 'all']);
  });

  const refused: [string, RegExp][] = [
    ['replay', /without a trace/],
    ['replay a b', /Cannot use "b"/],
    ['replay t --policy warm-cots', /"warm-cots"/],
    ['replay t --accounts 0', /--accounts "0"/],
    ['replay t --accounts 4,', /--accounts ""/],
    ['replay t --slots 1.5', /whole number/],
    ['replay t --slots 1,2', /more than one/],
    ['replay t --utilisation x', /--utilisation "x"/],
    ['replay t --bucket some', /write none, all, uncached/],
    ['replay t --port 1', /--port/],
    ['serve --policy session', /--policy/],
  ];
  for (const [line, message] of refused) {
    it(`refuses ${line}`, () => {
      const error = parse(line);
      assert.ok(error instanceof UsageError);
      assert.match(error.message, message);
    });
  }
});

const RESULT = {
  accounts: 8,
  slots: 91,
  utilisation: 0.7,
  requests: 100,
  refused: 2,
  refusedShare: 0.02,
  inputTokens: 1_000,
  readTokens: 500,
  hitRate: 0.5,
  shareOfCeiling: 0.625,
  cost: 675,
  uncachedCost: 1_000,
  unpriced: 0,
  meanWaitMs: 190,
  p95WaitMs: 1_500,
  meanFirstByteMs: 3_080,
  p95FirstByteMs: 5_950,
  imbalance: 1.07,
  moved: 3,
  borrowed: 12,
} as const;
const REPORT: ReplayReport = {
  file: 't.jsonl',
  requests: 100,
  sessions: 10,
  copies: 2,
  ttlSeconds: 300,
  ceilingHitRate: 0.8,
  ceilingCostShare: 0.33,
  rows: [
    { ...RESULT, policy: 'round-robin' },
    { ...RESULT, policy: 'warm-cost', accounts: 16 },
  ],
};

describe('replayTable', () => {
  it('puts one line for each run under the ceiling', () => {
    assert.equal(
      replayTable(REPORT),
      [
        't.jsonl: 100 requests of 10 sessions, 2 copies laid over each other, prompts live 300 s',
        'Ceiling (one account without limits): 80.0 % read, cost 0.330',
        'Cost is that of the input, as a share of the same without caching (written 1.25, read 0.1).',
        '',
        'accounts  slots  policy       hit %  of ceiling   cost  wait s   p95  TTFT s   p95  429 %  imbalance  moved  borrowed',
        '       8     91  round-robin   50.0        62.5  0.675    0.19  1.50    3.08  5.95    2.0       1.07      3        12',
        '      16     91  warm-cost     50.0        62.5  0.675    0.19  1.50    3.08  5.95    2.0       1.07      3        12',
      ].join('\n'),
    );
  });
});

describe('replayJson', () => {
  it('has the same figures for programs', () => {
    const { rows, ...report } = JSON.parse(replayJson(REPORT));
    assert.equal(report.ceilingHitRate, 0.8);
    assert.deepEqual(rows[1], { ...RESULT, policy: 'warm-cost', accounts: 16, costShare: 0.675 });
  });
});

describe('helpText', () => {
  it('names every policy that can be replayed', () => {
    for (const policy of REPLAY_POLICIES) assert.ok(helpText().includes(policy), policy);
  });
});

describe('warmpath replay', { skip: SKIP_REASON }, () => {
  let folder: string;
  before(async () => {
    folder = await temporaryFolder();
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('prints a table of a trace and needs no data directory', async () => {
    const file = join(folder, 'trace.jsonl');
    const header = '{"format":"ptrace1","block":1000,"tail":"floor","relative":false}';
    await writeFile(file, [header, '[0,0,0,5000,1,-1,0,5]', '[9000,0,0,5000,1,0,5,5]'].join('\n'));
    const args = ['replay', file, '--policy', 'warm-cost,round-robin', '--copies', '1', '--accounts', '2'];
    const run = await runProgram(args);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    assert.match(run.stdout, /: 2 requests of 1 sessions, prompts live 300 s\n/);
    assert.match(run.stdout, /^ +2 +2 +warm-cost +50\.0 +100\.0 /m);
    assert.match(run.stdout, /^ +2 +2 +round-robin +0\.0 +0\.0 /m);
    const json = await runProgram([...args, '--json']);
    assert.equal(JSON.parse(json.stdout).rows[0].hitRate, 0.5);
  });

  it('exits with 1 when there is no such file, or no trace in it', async () => {
    const missing = await runProgram(['replay', join(folder, 'missing')]);
    assert.deepEqual([missing.code, missing.stdout], [1, '']);
    assert.match(missing.stderr, /^Cannot read the trace ".*missing": ENOENT\n$/);
    const file = join(folder, 'text');
    await writeFile(file, 'not a trace');
    const text = await runProgram(['replay', file]);
    assert.deepEqual(
      [text.code, text.stderr],
      [1, 'Cannot read trace line 1: not the header of a ptrace1 file\n'],
    );
  });

  it('exits with 2 on wrong usage', async () => {
    const run = await runProgram(['replay']);
    assert.deepEqual([run.code, run.stdout], [2, '']);
    assert.match(run.stderr, /replay FILE/);
  });
});
