// The command line: which command it means, which source wins, and what is refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from '../../server/cli/arguments.ts';
import { helpText } from '../../server/cli/help.ts';
import { renderUsageError, UsageError } from '../../server/cli/usage-error.ts';
import type { GivenOptions } from '../../server/config/options.ts';

type Env = Record<string, string>;

function serve(line: string, env: Env = {}): GivenOptions {
  const command = parseArguments(split(line), env);
  assert.ok(!(command instanceof UsageError), command instanceof UsageError ? command.message : '');
  assert.ok(command.kind === 'serve');
  return command.options;
}

function refuse(line: string, env: Env = {}): UsageError {
  const error = parseArguments(split(line), env);
  assert.ok(error instanceof UsageError, JSON.stringify(error));
  return error;
}

function split(line: string): string[] {
  return line.split(' ').filter((word) => word !== '');
}

test('parseArguments serves when nothing is said', () => {
  const nothing = {
    port: null,
    host: null,
    dataDir: null,
    configFile: null,
    demo: false,
    adminToken: null,
    masterKey: null,
  };
  assert.deepEqual(serve(''), nothing);
  assert.deepEqual(serve('serve'), nothing);
});

test('parseArguments reads every flag of serve, before and after the command', () => {
  const options = serve('--port 1 serve --host=[::1] --data-dir d --config c.yaml --demo');
  assert.deepEqual(options, {
    port: 1,
    host: '::1',
    dataDir: 'd',
    configFile: 'c.yaml',
    demo: true,
    adminToken: null,
    masterKey: null,
  });
});

test('parseArguments reads the environment twins', () => {
  const options = serve('', {
    WARMPATH_PORT: '1',
    WARMPATH_HOST: 'h',
    WARMPATH_DATA_DIR: 'd',
    WARMPATH_CONFIG: 'c',
    WARMPATH_DEMO: '1',
    WARMPATH_ADMIN_TOKEN: 'a-token-of-sixteen',
    WARMPATH_MASTER_KEY: ' a-key-of-sixteen-1\n',
  });
  assert.deepEqual(options, {
    port: 1,
    host: 'h',
    dataDir: 'd',
    configFile: 'c',
    demo: true,
    adminToken: 'a-token-of-sixteen',
    masterKey: 'a-key-of-sixteen-1',
  });
});

const PORTS: { title: string; line: string; env: Env; port: number | null }[] = [
  {
    title: 'the flag over the environment',
    line: '--port 1',
    env: { WARMPATH_PORT: '2', PORT: '3' },
    port: 1,
  },
  { title: 'WARMPATH_PORT over PORT', line: '', env: { WARMPATH_PORT: '2', PORT: '3' }, port: 2 },
  { title: 'PORT when WARMPATH_PORT is absent', line: '', env: { PORT: '3' }, port: 3 },
  { title: 'PORT when WARMPATH_PORT is empty', line: '', env: { WARMPATH_PORT: '', PORT: '3' }, port: 3 },
  { title: 'the last of two flags', line: '--port 1 --port 2', env: {}, port: 2 },
  { title: 'port 0', line: '--port 0', env: {}, port: 0 },
  { title: 'the flag over a useless variable', line: '--port 1', env: { PORT: 'x' }, port: 1 },
];
for (const { title, line, env, port } of PORTS) {
  test(`parseArguments takes ${title}`, () => {
    assert.equal(serve(line, env).port, port);
  });
}

test('parseArguments reads the other commands', () => {
  assert.deepEqual(parseArguments(['check-config', 'a b.yaml'], {}), {
    kind: 'check-config',
    file: 'a b.yaml',
  });
  assert.deepEqual(parseArguments(split('keys create --name ci --user ada --data-dir d'), {}), {
    kind: 'create-key',
    name: 'ci',
    username: 'ada',
    options: { dataDir: 'd', configFile: null, masterKey: null },
  });
  assert.deepEqual(
    parseArguments(split('admin reset'), {
      WARMPATH_DATA_DIR: 'd',
      WARMPATH_MASTER_KEY: 'a-key-of-sixteen-1',
    }),
    {
      kind: 'reset-admin',
      options: { dataDir: 'd', configFile: null, masterKey: 'a-key-of-sixteen-1' },
    },
  );
});

for (const line of ['--help', '-h', 'serve --help', 'keys create -h', 'check-config --help --port 1']) {
  test(`parseArguments answers "${line}" with help`, () => {
    assert.deepEqual(parseArguments(split(line), { WARMPATH_PORT: 'x' }), { kind: 'help' });
  });
}

test('parseArguments answers --version and -v', () => {
  assert.deepEqual(parseArguments(['--version'], {}), { kind: 'version' });
  assert.deepEqual(parseArguments(['-v'], {}), { kind: 'version' });
});

const REFUSALS: { line: string; env?: Env; message: RegExp; suggestion?: string }[] = [
  { line: '--prot 3', message: /^Unknown flag --prot$/, suggestion: '--port' },
  { line: '--datadir x', message: /^Unknown flag --datadir$/, suggestion: '--data-dir' },
  { line: '-x', message: /^Unknown flag -x$/ },
  { line: 'srve', message: /^Unknown command "srve"$/, suggestion: 'serve' },
  { line: 'key create', message: /^Unknown command "key create"$/, suggestion: 'keys create' },
  { line: 'check', message: /^Unknown command "check"$/, suggestion: 'check-config' },
  { line: 'serve now', message: /^Cannot use "now" with "warmpath serve"$/ },
  { line: '--port', message: /^Cannot use --port without a value$/ },
  { line: '--port --demo', message: /^Cannot use --port without a value$/ },
  { line: '--config=', message: /^Cannot use --config without a value$/ },
  { line: '--demo=1', message: /^Cannot use --demo with a value/ },
  { line: '--port 65536', message: /^Cannot use --port "65536": a port is a whole number from 0 to 65535/ },
  { line: '--port=-1', message: /^Cannot use --port "-1"/ },
  { line: '--port 80.5', message: /^Cannot use --port "80.5"/ },
  { line: '', env: { WARMPATH_PORT: 'http' }, message: /^Cannot use WARMPATH_PORT "http"/ },
  { line: '', env: { PORT: 'http' }, message: /^Cannot use PORT "http"/ },
  { line: '--host http://x', message: /^Cannot use --host "http:\/\/x"/ },
  { line: '', env: { WARMPATH_DEMO: 'maybe' }, message: /^Cannot use WARMPATH_DEMO: write 1/ },
  { line: '--name x', message: /^Cannot use --name with "warmpath serve"$/ },
  { line: 'check-config', message: /^Cannot check a configuration without its file/ },
  { line: 'check-config a b', message: /^Cannot use "b" with "warmpath check-config"$/ },
  { line: 'keys create', message: /^Cannot create an API key without a name/ },
  {
    line: '',
    env: { WARMPATH_ADMIN_TOKEN: 'canary' },
    message: /^Cannot use WARMPATH_ADMIN_TOKEN: it has fewer/,
  },
  {
    line: '',
    env: { WARMPATH_MASTER_KEY: 'canary' },
    message: /^Cannot use WARMPATH_MASTER_KEY: it has fewer/,
  },
  {
    line: '',
    env: { WARMPATH_DATABASE_URL: 'postgres://u:canary@h/d' },
    message: /^Cannot use WARMPATH_DATABASE_URL: not available in this version/,
  },
  {
    line: 'keys create --name ci',
    env: { WARMPATH_REDIS_URL: 'redis://:canary@h' },
    message: /^Cannot use WARMPATH_REDIS_URL: not available in this version/,
  },
];
for (const { line, env = {}, message, suggestion = null } of REFUSALS) {
  test(`parseArguments refuses "${line}" with ${Object.keys(env).join() || 'no environment'}`, () => {
    const error = refuse(line, env);
    assert.match(error.message, message);
    assert.equal(error.suggestion, suggestion);
    assert.ok(!renderUsageError(error).includes('canary'));
  });
}

test('parseArguments ignores empty variables', () => {
  const env = { WARMPATH_DATABASE_URL: '', WARMPATH_ADMIN_TOKEN: '', WARMPATH_DEMO: '', WARMPATH_HOST: '' };
  assert.deepEqual(serve('', env), serve(''));
});

test('renderUsageError adds the suggestion and where to read on', () => {
  assert.equal(
    renderUsageError(refuse('--prot 3')),
    'Unknown flag --prot. Did you mean "--port"?\nRun "warmpath --help" for all commands and flags.',
  );
});

test('helpText names every command, flag and variable', () => {
  const names = [
    ...[
      'serve',
      'check-config FILE',
      'keys create --name NAME',
      '--user',
      'admin reset',
      'import FILE',
      'warmpath export',
      '--format FORMAT',
      '--dry-run',
      '--prune',
      '--help',
      '--version',
    ],
    ...['--port', '--host', '--data-dir', '--config', '--demo', 'PORT', 'WARMPATH_PORT', 'WARMPATH_HOST'],
    ...[
      'WARMPATH_DATA_DIR',
      'WARMPATH_CONFIG',
      'WARMPATH_DEMO=1',
      'WARMPATH_ADMIN_TOKEN',
      'WARMPATH_MASTER_KEY',
    ],
  ];
  for (const name of names) assert.ok(helpText().includes(name), name);
  assert.ok(
    helpText()
      .split('\n')
      .every((line) => line.length <= 110),
  );
});
