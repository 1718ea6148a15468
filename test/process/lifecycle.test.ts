// A gateway in service: strangers, new keys, a new password, a changed file, restarts and kills; and no secret anywhere.

import assert from 'node:assert/strict';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask, isClosed } from './clients.ts';
import { API_KEY, CREDENTIAL, configAt, MODELS, writeConfig } from './config.ts';
import {
  ADMIN_TOKEN,
  GatewayProcess,
  isRecord,
  runProgram,
  SKIP_REASON,
  temporaryFolder,
} from './gateway-process.ts';
import { eventually } from './poll.ts';
import { answerAsAsked } from './replies.ts';
import { rowCount, rowOf } from './rows.ts';
import { TestUpstream } from './test-upstream.ts';

const MASTER_KEY = 'master-key-of-the-process-tests';

describe('a running gateway', { skip: SKIP_REASON }, () => {
  let upstream: TestUpstream;
  let folder: string;
  let config: string;
  let gateway: GatewayProcess;
  let earlierOutput = '';

  const start = () =>
    GatewayProcess.start({
      config,
      dataDir: join(folder, 'data of ü'),
      env: { WARMPATH_MASTER_KEY: MASTER_KEY },
    });
  const startAgain = async () => {
    earlierOutput += gateway.stdout + gateway.stderr;
    gateway = await start();
  };
  const command = (...args: string[]) =>
    runProgram([...args, '--data-dir', gateway.dataDir], { env: { WARMPATH_MASTER_KEY: MASTER_KEY } });

  before(async () => {
    upstream = await TestUpstream.listen(answerAsAsked);
    folder = await temporaryFolder();
    config = await writeConfig(folder, configAt(upstream.origin));
    gateway = await start();
  });
  after(async () => {
    await gateway?.stop();
    await upstream?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const strangers: [string, string | null, number][] = [
    ['without a key', null, 401],
    ['with a wrong key', `${API_KEY}x`, 401],
    ['with an empty key', '', 401],
    ['with a key full of quotes', `' OR 1=1 --"`, 401],
  ];
  for (const [name, apiKey, status] of strangers) {
    it(`refuses a request ${name} and logs it`, async () => {
      const anthropic = await ask(gateway.origin, { apiKey, marker: `a-${strangers.length}-${name.length}` });
      const openai = await ask(gateway.origin, { apiKey, family: 'openai' });
      assert.deepEqual([anthropic.status, openai.status], [status, status]);
      assert.match(
        await anthropic.text(),
        /^\{"type":"error","error":\{"type":"authentication_error","message":"/,
      );
      assert.match(await openai.text(), /^\{"error":\{"message":".*"code":"invalid_api_key"\}\}$/);
      const row = await rowOf(gateway, openai.headers.get('x-request-id') ?? '');
      assert.deepEqual([row.status, row.outcome, row.attempts], [401, 'REJECTED', []]);
    });
  }

  it('refuses the admin API without the token', async () => {
    for (const authorization of ['', 'Bearer wrong-token-0123456789', `Bearer ${API_KEY}`]) {
      const response = await fetch(`${gateway.origin}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: '{"query":"{ accounts { nodes { name } } }"}',
      });
      assert.doesNotMatch(await response.text(), /"a1"/);
    }
  });

  it('accepts a key that "keys create" made meanwhile', async () => {
    const { code, stdout, stderr } = await command('keys', 'create', '--name', 'made-meanwhile');
    assert.equal(code, 0);
    assert.match(stdout, /^wp_\S{20,}\n$/);
    assert.match(stderr, /only time/);
    const apiKey = stdout.trim();
    const isAccepted = async () => (await ask(gateway.origin, { apiKey })).status === 200;
    await eventually('the accepted key', isAccepted);
    const again = await command('keys', 'create', '--name', 'made-meanwhile');
    assert.deepEqual([again.code, again.stdout], [1, '']);
    assert.match(again.stderr, /is taken/);
  });

  it('sets the password with the token of "admin reset", once', async () => {
    const { code, stdout } = await command('admin', 'reset');
    assert.equal(code, 0);
    const setup = () => setUp(gateway.origin, { token: stdout.trim(), password: 'correct horse battery' });
    const first = await setup();
    assert.deepEqual(first.errors, []);
    assert.match(first.cookie, /^[\w-]+=[\w-]+/);
    const second = await setup();
    assert.notDeepEqual(second.errors, []);
    assert.equal(second.cookie, '');
  });

  it('applies its file again on SIGHUP, and nothing of a bad one', async () => {
    const changed = configAt(upstream.origin);
    changed.models = [{ name: MODELS.anthropic, displayName: 'Changed by SIGHUP' }];
    await writeConfig(folder, changed);
    gateway.signal('SIGHUP');
    await eventually('the changed name', async () =>
      (await modelList(gateway.origin)).includes('Changed by SIGHUP'),
    );
    const before = await modelList(gateway.origin);

    const bad = configAt(upstream.origin);
    await writeConfig(folder, { ...bad, requireApiKey: false, requireApiKeys: false });
    gateway.signal('SIGHUP');
    await eventually('the refusal', () => gateway.stderr.includes('"event":"config-refused"'));
    assert.match(gateway.stderr, /requireApiKeys.*Did you mean/);
    assert.equal(await modelList(gateway.origin), before);
    assert.equal((await ask(gateway.origin, { apiKey: null })).status, 401);
    await writeConfig(folder, changed);
  });

  it('keeps an account out of service after its credential was refused, and tells the client no secret', async () => {
    const model = 'openai-fault-d';
    const response = await ask(gateway.origin, { family: 'openai', scenario: 'unauthorized', model });
    assert.equal(response.status, 503);
    assert.doesNotMatch(await response.text(), new RegExp(CREDENTIAL));
    const reason = async () => {
      const { accounts } = await gateway.query(
        '{ accounts(first: 200) { nodes { name state stateReason } } }',
      );
      return JSON.stringify(accounts);
    };
    assert.match(await reason(), /"name":"o-fault-d","state":"DISABLED","stateReason":"[^"]*401/);
  });

  it('finds bindings, rows and refused accounts again after a restart', async () => {
    const sessions = ['restart-1', 'restart-2', 'restart-3'];
    const accountOf = new Map<string, string | null>();
    for (const session of sessions) {
      const response = await ask(gateway.origin, { session, marker: `before-${session}` });
      await response.body?.cancel();
      accountOf.set(session, response.headers.get('x-warmpath-account'));
    }
    await rowOf(gateway, 'before-restart-3');
    const count = await rowCount(gateway);
    gateway.signal('SIGTERM');
    assert.equal(await gateway.exit(), 0);
    await startAgain();
    assert.equal(await rowCount(gateway), count);
    assert.equal((await rowOf(gateway, 'before-restart-2')).status, 200);
    for (const session of sessions) {
      const { headers } = await ask(gateway.origin, { session, marker: `after-${session}` });
      assert.equal(headers.get('x-warmpath-affinity'), 'hit');
      assert.equal(headers.get('x-warmpath-account'), accountOf.get(session));
    }
    const refused = await ask(gateway.origin, { family: 'openai', model: 'openai-fault-d' });
    assert.equal(refused.status, 503);
    // The password is set, so no token is printed any more.
    assert.doesNotMatch(gateway.stdout, /setup=/);
  });

  it('finds all rows that were shown before it was killed', async () => {
    await (await ask(gateway.origin, { marker: 'before-the-kill' })).text();
    await rowOf(gateway, 'before-the-kill');
    const count = await rowCount(gateway);
    gateway.signal('SIGKILL');
    assert.equal(await gateway.exit(), null);
    await startAgain();
    assert.equal(await rowCount(gateway), count);
    assert.equal((await rowOf(gateway, 'before-the-kill')).status, 200);
  });

  it('exits on a second SIGTERM, in the middle of a stream', async () => {
    const response = await ask(gateway.origin, {
      scenario: 'never-ending',
      stream: true,
      marker: 'impatient',
    });
    const rest = response.text().catch(() => 'cut');
    gateway.signal('SIGTERM');
    await eventually('closed doors', () => isClosed(gateway.origin));
    // Signals right after the first count as the same wish.
    await eventually('the end', () => {
      gateway.signal('SIGTERM');
      return gateway.hasExited;
    });
    assert.equal(await gateway.exit(), 1);
    assert.equal(await rest, 'cut');
    await startAgain();
  });

  it('shows no secret in its output, its replies, the admin API or its files', async () => {
    assertNoSecret('output', earlierOutput + gateway.stdout + gateway.stderr);
    for (const scenario of ['text', 'bad-request', 'unauthorized'] as const) {
      const response = await ask(gateway.origin, { scenario, model: 'anthropic-fault-d' });
      assertNoSecret(`reply to ${scenario}`, JSON.stringify([...response.headers]) + (await response.text()));
    }
    const everything = await gateway.query(`{
      providers { nodes { name endpoints { baseUrl } } }
      accounts(first: 200) { nodes { name credentialLast4 credentialFingerprint stateReason } }
      apiKeys { nodes { name masked } }
      requestLogs(first: 200) { nodes { errorMessage affinityReason attempts { reason } } }
    }`);
    assert.match(JSON.stringify(everything), /"credentialLast4":"2-a1"/);
    assertNoSecret('admin API', JSON.stringify(everything));
    for (const name of await readdir(gateway.dataDir)) {
      assertNoSecret(name, await readFile(join(gateway.dataDir, name), 'latin1'));
    }
  });
});

function assertNoSecret(where: string, text: string): void {
  for (const secret of [CREDENTIAL, API_KEY, MASTER_KEY, ADMIN_TOKEN]) {
    assert.ok(!text.includes(secret), `${where} holds ${secret}`);
  }
}

async function modelList(origin: string): Promise<string> {
  const headers = { 'x-api-key': API_KEY, 'anthropic-version': '2023-06-01' };
  return (await fetch(`${origin}/v1/models`, { headers })).text();
}

async function setUp(
  origin: string,
  input: { token: string; password: string },
): Promise<{ errors: unknown; cookie: string }> {
  const query = 'mutation ($input: SetupInput!) { setup(input: $input) { errors { code } } }';
  const response = await fetch(`${origin}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query, variables: { input } }),
  });
  const reply: unknown = await response.json();
  const setup = isRecord(reply) && isRecord(reply.data) ? reply.data.setup : null;
  if (!isRecord(setup)) throw new Error(`Cannot set up: ${JSON.stringify(reply)}`);
  return { errors: setup.errors, cookie: response.headers.get('set-cookie') ?? '' };
}
