// The commands as a person runs them: what they print, where to, and the exit code.

import assert from 'node:assert/strict';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { API_KEY, CREDENTIAL, configAt, writeConfig } from '../process/config.ts';
import { runProgram, SKIP_REASON, temporaryFolder } from '../process/gateway-process.ts';

const MASTER_KEY = 'master-key-of-the-process-tests';
const VERSION = /^warmpath \d+\.\d+\.\d+\n$/;

describe('warmpath', { skip: SKIP_REASON }, () => {
  let folder: string;
  before(async () => {
    folder = await temporaryFolder();
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('--help and --version print to standard output and exit with 0', async () => {
    const [help, version] = await Promise.all([runProgram(['--help']), runProgram(['--version'])]);
    assert.deepEqual([help.code, help.stderr], [0, '']);
    for (const word of ['serve', 'check-config', 'keys create', 'admin reset', '--data-dir']) {
      assert.ok(help.stdout.includes(word), word);
    }
    assert.deepEqual([version.code, version.stderr], [0, '']);
    assert.match(version.stdout, VERSION);
  });

  const usageErrors: [string, string[], RegExp][] = [
    ['an unknown flag', ['serve', '--prot', '1'], /--prot.*Did you mean "--port"/],
    ['an unknown command', ['srve'], /srve.*Did you mean "serve"/],
    ['a port that is none', ['serve', '--port', '70000'], /--port/],
    ['a key without a name', ['keys', 'create'], /--name/],
  ];
  for (const [name, args, stderr] of usageErrors) {
    it(`exits with 2 on ${name}`, async () => {
      const run = await runProgram(args);
      assert.deepEqual([run.code, run.stdout], [2, '']);
      assert.match(run.stderr, stderr);
    });
  }

  const portSources: [string, (port: string) => { args: string[]; env: Record<string, string> }][] = [
    ['--port', (port) => ({ args: ['--port', port], env: { WARMPATH_PORT: '1', PORT: '2' } })],
    ['WARMPATH_PORT', (port) => ({ args: [], env: { WARMPATH_PORT: port, PORT: '2' } })],
    ['PORT', (port) => ({ args: [], env: { PORT: port } })],
  ];
  for (const [name, given] of portSources) {
    it(`exits with 1 when the port of ${name} is in use, and says so`, async () => {
      const holder = createServer();
      await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
      const address = holder.address();
      const port = typeof address === 'object' && address ? String(address.port) : '';
      const { args, env } = given(port);
      const run = await runProgram(['serve', ...args, '--data-dir', join(folder, 'port-in-use')], { env });
      holder.close();
      assert.deepEqual([run.code, run.stdout], [1, '']);
      assert.equal(
        run.stderr,
        `Cannot listen on 127.0.0.1:${port}: the port is in use. Choose another with --port\n`,
      );
    });
  }

  it('exits with 1 when the data directory is a file, or below one', async () => {
    const file = join(folder, 'a-file');
    await writeFile(file, 'not a directory');
    for (const dataDir of [file, join(file, 'below')]) {
      const run = await runProgram(['serve', '--port', '0', '--data-dir', dataDir]);
      assert.deepEqual([run.code, run.stdout], [1, '']);
      assert.match(run.stderr, /^Cannot open .*is not a directory\n$/);
    }
    assert.equal(await readFile(file, 'utf8'), 'not a directory');
  });

  it('exits with 1 when the database is not one', async () => {
    const dataDir = join(folder, 'garbage');
    await runProgram(['keys', 'create', '--name', 'x', '--data-dir', dataDir]);
    await writeFile(join(dataDir, 'warmpath.db'), 'this is a text, not a database'.repeat(200));
    const run = await runProgram(['serve', '--port', '0', '--data-dir', dataDir]);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /^Cannot open database .*not a SQLite database\n$/);
  });

  it('exits with 1 with another master key, and shows neither', async () => {
    const dataDir = join(folder, 'master-key');
    const other = 'another-master-key-0123456789';
    const start = (key: string) =>
      runProgram(['keys', 'create', '--name', key, '--data-dir', dataDir], {
        env: { WARMPATH_MASTER_KEY: key },
      });
    assert.equal((await start(MASTER_KEY)).code, 0);
    const env = { WARMPATH_MASTER_KEY: other };
    const run = await runProgram(['serve', '--port', '0', '--data-dir', dataDir], { env });
    assert.deepEqual([run.code, run.stdout], [1, '']);
    assert.match(run.stderr, /^Cannot .*master key does not match/);
    assert.doesNotMatch(run.stderr, /0123456789|process-tests|\bat .*\.ts/);
  });
});

const BAD_CONFIG = `requireApiKeys: true
providers:
  - name: p
    endpoints:
      - { name: main, surface: anthropic, baseUrl: https://provider.example }
    accounts:
      - { name: a, credential: ${CREDENTIAL}, wieght: 2 }
`;

describe('warmpath and its configuration file', { skip: SKIP_REASON }, () => {
  let folder: string;
  let bad: string;
  before(async () => {
    folder = await temporaryFolder();
    bad = join(folder, 'bad.yaml');
    await writeFile(bad, BAD_CONFIG);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it('check-config exits with 0 on a good file', async () => {
    const run = await runProgram(['check-config', await writeConfig(folder, configAt('http://127.0.0.1:1'))]);
    assert.deepEqual([run.code, run.stderr], [0, '']);
    assert.match(run.stdout, /is valid/);
    assert.doesNotMatch(run.stdout, new RegExp(`${CREDENTIAL}|${API_KEY}`));
  });

  for (const command of ['check-config', 'serve']) {
    it(`${command} names every problem with its path and what was meant, and exits with 1`, async () => {
      const dataDir = join(folder, 'never-made');
      const serve = ['serve', '--port', '0', '--data-dir', dataDir, '--config', bad];
      const run = await runProgram(command === 'serve' ? serve : [command, bad]);
      assert.deepEqual([run.code, run.stdout], [1, '']);
      const lines = run.stderr.trimEnd().split('\n');
      assert.match(lines[0] ?? '', /3 problems/);
      assert.match(lines[1] ?? '', /^ {2}requireApiKeys \(line 1\).*Did you mean "requireApiKey"/);
      assert.match(
        lines[2] ?? '',
        /^ {2}providers\[0\]\.endpoints\[0\]\.surface \(line 5\).*"anthropic-messages"/,
      );
      assert.match(
        lines[3] ?? '',
        /^ {2}providers\[0\]\.accounts\[0\]\.wieght \(line 7\).*Did you mean "weight"/,
      );
      assert.equal(lines.length, 4);
      assert.doesNotMatch(run.stderr, new RegExp(CREDENTIAL));
      assert.ok(!(await readdir(folder)).includes('never-made'));
    });
  }

  it('check-config says when there is no such file', async () => {
    const run = await runProgram(['check-config', join(folder, 'missing.yaml')]);
    assert.equal(run.code, 1);
    assert.match(run.stderr, /no such file/);
  });
});
