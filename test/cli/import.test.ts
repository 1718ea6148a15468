// `warmpath import` and `warmpath export`: their arguments, what they print, and the way there and back.

import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { parseArguments } from '../../server/cli/arguments.ts';
import { importReport } from '../../server/cli/import-report.ts';
import { UsageError } from '../../server/cli/usage-error.ts';
import { formatOf } from '../../server/config/import.ts';
import { LITELLM, NEW_API } from '../config/import-samples.ts';
import { runProgram, SKIP_REASON, temporaryFolder } from '../process/gateway-process.ts';

const OPTIONS = { dataDir: null, configFile: null, masterKey: null };

test('parseArguments reads import and export', () => {
  const parse = (line: string) => parseArguments(line.split(' '), {});
  assert.deepEqual(parse('import f.yaml'), {
    kind: 'import',
    options: OPTIONS,
    file: 'f.yaml',
    format: null,
    isDryRun: false,
    prune: false,
  });
  assert.deepEqual(parse('import --format one-api f.json --dry-run --prune --data-dir d'), {
    kind: 'import',
    options: { ...OPTIONS, dataDir: 'd' },
    file: 'f.json',
    format: 'one-api-json',
    isDryRun: true,
    prune: true,
  });
  assert.deepEqual(parse('export --data-dir d'), { kind: 'export', options: { ...OPTIONS, dataDir: 'd' } });
});

for (const { line, message } of [
  { line: 'import', message: 'Cannot import without a file: import FILE' },
  { line: 'import a b', message: 'Cannot use "b" with "warmpath import"' },
  {
    line: 'import a --format litelm',
    message: 'Cannot use --format "litelm": write warmpath, litellm, one-api',
  },
  { line: 'export a', message: 'Cannot use "a" with "warmpath export"' },
  { line: 'export --dry-run', message: 'Cannot use --dry-run with "warmpath export"' },
]) {
  test(`parseArguments refuses "${line}"`, () => {
    const error = parseArguments(line.split(' '), {});
    assert.ok(error instanceof UsageError);
    assert.equal(error.message, message);
  });
}

test('formatOf() tells the formats apart', () => {
  assert.deepEqual([LITELLM, NEW_API, '[]', 'providers: []', ''].map(formatOf), [
    'litellm-yaml',
    'one-api-json',
    'one-api-json',
    'warmpath-yaml',
    'warmpath-yaml',
  ]);
});

test('importReport() shows every change on lines of its own', () => {
  const change = {
    kind: 'update',
    type: 'account',
    name: 'p/a\nb',
    fields: [
      { name: 'weight', before: '1', after: '2' },
      { name: 'cacheDomain', before: '"x"', after: null },
      { name: 'maxConcurrent', before: null, after: '3' },
    ],
  } as const;
  assert.equal(
    importReport([{ ...change, fields: [...change.fields] }], { isDryRun: true }),
    'update account p/a b\n  weight: 1 → 2\n  cacheDomain: "x" → none\n  maxConcurrent: 3\nDry run, nothing was changed: 1 change',
  );
  assert.equal(importReport([], { isDryRun: false }), 'Imported: 0 changes');
});

describe('warmpath import', { skip: SKIP_REASON }, () => {
  let folder: string;
  before(async () => {
    folder = await temporaryFolder();
    await writeFile(join(folder, 'litellm.yaml'), LITELLM);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  const run = (args: string[], env: Record<string, string> = {}) =>
    runProgram([...args, '--data-dir', join(folder, 'data')], { env });
  const env = { ANTHROPIC_API_KEY_A: 'sk-ant-from-env-a', ANTHROPIC_API_KEY_B: 'sk-ant-from-env-b' };

  it('takes a configuration over with the environment, after a dry run that changes nothing', async () => {
    const file = join(folder, 'litellm.yaml');
    const dry = await run(['import', file, '--dry-run'], env);
    assert.deepEqual(
      [dry.code, dry.stdout.trim().split('\n').at(-1)],
      [0, 'Dry run, nothing was changed: 26 changes'],
    );
    const first = await run(['import', file], env);
    assert.deepEqual([first.code, first.stdout.trim().split('\n').at(-1)], [0, 'Imported: 26 changes']);
    assert.match(first.stderr, /^Warning: Model "azure-gpt": provider "azure" is not supported; left out$/m);
    assert.doesNotMatch(first.stdout + first.stderr, /sk-ant|sk-literal|AIza|sk-a-master/);
    const again = await run(['import', file], env);
    assert.deepEqual([again.code, again.stdout], [0, 'Imported: 0 changes\n']);
  });

  it('exports what it can import again', async () => {
    const { code, stdout, stderr } = await run(['export']);
    assert.equal(code, 0);
    assert.match(stderr, /^Credentials are left out; .* WARMPATH_CREDENTIAL_ANTHROPIC_ANTHROPIC_API_KEY_A /);
    assert.doesNotMatch(stdout, /sk-ant|sk-literal|AIza|sk-a-master/);
    await writeFile(join(folder, 'own.yaml'), stdout);
    const back = await run(['import', join(folder, 'own.yaml'), '--prune']);
    assert.deepEqual([back.code, back.stdout], [0, 'Imported: 0 changes\n']);
  });

  it('exits with 1 and every problem when the file cannot be used', async () => {
    await writeFile(join(folder, 'bad.yaml'), 'affinty: {}\nproviders: [{ nme: x }]\n');
    const { code, stdout, stderr } = await run(['import', join(folder, 'bad.yaml')]);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, /3 problems/);
    assert.match(stderr, /affinty \(line 1\): is not a known key\. Did you mean "affinity"\?/);
  });
});
