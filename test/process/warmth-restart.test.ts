// What is warm where is known again after a restart and after a kill: the next turn goes there, though nothing is bound.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ask } from './clients.ts';
import { configAt, MODELS, writeConfig } from './config.ts';
import { GatewayProcess, isRecord, SKIP_REASON, temporaryFolder } from './gateway-process.ts';
import { rowOf } from './rows.ts';
import { TestUpstream, type UpstreamCall } from './test-upstream.ts';

const CONVERSATIONS = ['ants', 'bees', 'crows', 'ducks', 'eels', 'foxes'];
/** Longer than what is warm is kept back before it is written. */
const SAVED_MS = 5_000;
const PREFIX_TOKENS = 5_000;
const MARK = { cache_control: { type: 'ephemeral' } };

describe('what is warm', { skip: SKIP_REASON }, () => {
  let upstream: TestUpstream;
  let folder: string;
  let config: string;
  let gateway: GatewayProcess;
  /** Of each conversation, where it is warm. */
  const homes = new Map<string, string | null>();

  const start = () => GatewayProcess.start({ config, dataDir: join(folder, 'data') });

  before(async () => {
    upstream = await TestUpstream.listen(answerAsCache);
    folder = await temporaryFolder();
    config = await writeConfig(folder, configAt(upstream.origin));
    gateway = await start();
  });
  after(async () => {
    await gateway?.stop();
    await upstream?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('is told apart by account before the restart', async () => {
    for (const topic of CONVERSATIONS) {
      homes.set(topic, await send(gateway, { topic, turn: 1, session: `first ${topic}` }));
    }
    assert.deepEqual([...new Set(homes.values())].sort(), ['a1', 'a2']);
  });

  it('is known after a restart to other sessions of the key', async () => {
    gateway.signal('SIGTERM');
    assert.equal(await gateway.exit(), 0);
    gateway = await start();
    for (const topic of CONVERSATIONS) await assertWarm(topic, { turn: 2, session: `second ${topic}` });
  });

  it('is known after bindings were cleared and the gateway was started again', async () => {
    const cleared = await gateway.query('mutation { clearAllAffinities { clearedCount } }');
    assert.deepEqual(cleared, { clearAllAffinities: { clearedCount: 2 * CONVERSATIONS.length } });
    gateway.signal('SIGTERM');
    assert.equal(await gateway.exit(), 0);
    gateway = await start();
    for (const topic of CONVERSATIONS) {
      assert.equal(await explainedAccount(topic, 3), homes.get(topic));
      await assertWarm(topic, { turn: 3, session: `second ${topic}` });
    }
  });

  it('is known after a kill, but for the last two seconds', async () => {
    await send(gateway, { topic: 'geese', turn: 1, session: 'geese' });
    await new Promise((resolve) => setTimeout(resolve, SAVED_MS));
    const late = await send(gateway, { topic: 'hares', turn: 1, session: 'hares' });
    gateway.signal('SIGKILL');
    assert.equal(await gateway.exit(), null);
    gateway = await start();
    for (const topic of CONVERSATIONS) await assertWarm(topic, { turn: 4, session: `third ${topic}` });
    const geese = await explained('geese', 2);
    assert.ok(Number(geese.expectedWarmTokens) >= PREFIX_TOKENS);
    assert.match(late ?? '', /^a[12]$/);
    assert.match((await send(gateway, { topic: 'hares', turn: 2, session: 'other' })) ?? '', /^a[12]$/);
  });

  async function assertWarm(topic: string, asked: { turn: number; session: string }): Promise<void> {
    const marker = `${topic}.${asked.turn}`;
    assert.equal(await send(gateway, { topic, ...asked, marker }), homes.get(topic), topic);
    await rowOf(gateway, marker);
    const { requestLogs } = await gateway.query(
      `query ($marker: String!) {
        requestLogs(filter: { search: $marker }, first: 1) {
          nodes { expectedWarmTokens cacheReadTokens missCause }
        }
      }`,
      { marker },
    );
    assert.ok(isRecord(requestLogs) && Array.isArray(requestLogs.nodes));
    const [row] = requestLogs.nodes.filter(isRecord);
    assert.ok(row);
    const { expectedWarmTokens, cacheReadTokens, missCause } = row;
    assert.ok(Number(expectedWarmTokens) >= PREFIX_TOKENS, `${topic}: ${expectedWarmTokens}`);
    assert.deepEqual([cacheReadTokens, missCause], [PREFIX_TOKENS, null]);
  }

  async function explainedAccount(topic: string, turn: number): Promise<unknown> {
    const { account, expectedWarmTokens } = await explained(topic, turn);
    assert.ok(Number(expectedWarmTokens) >= PREFIX_TOKENS);
    return isRecord(account) ? account.name : null;
  }

  async function explained(topic: string, turn: number): Promise<Record<string, unknown>> {
    const { apiKeys } = await gateway.query('{ apiKeys { nodes { id } } }');
    const [apiKey] = isRecord(apiKeys) && Array.isArray(apiKeys.nodes) ? apiKeys.nodes : [];
    const input = {
      surface: 'ANTHROPIC_MESSAGES',
      model: MODELS.anthropic,
      apiKeyId: isRecord(apiKey) ? apiKey.id : null,
      body: prompt(topic, turn),
    };
    const { explainRoute } = await gateway.query(
      'query ($input: ExplainRouteInput!) { explainRoute(input: $input) { account { name } expectedWarmTokens } }',
      { input },
    );
    assert.ok(isRecord(explainRoute));
    return explainRoute;
  }
});

/** Sends a turn of the conversation about this; resolves to its account. */
async function send(
  gateway: GatewayProcess,
  of: { topic: string; turn: number; session: string; marker?: string },
): Promise<string | null> {
  const { topic, turn, session, marker } = of;
  const body = prompt(topic, turn);
  const response = await ask(gateway.origin, { body, session, ...(marker === undefined ? {} : { marker }) });
  assert.equal(response.status, 200, await response.text());
  return response.headers.get('x-warmpath-account');
}

function prompt(topic: string, turn: number): string {
  const messages = Array.from({ length: 2 * turn - 1 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: [{ type: 'text', text: `message ${index}`, ...(index === 2 * turn - 2 && MARK) }],
  }));
  const text = `All there is to know of ${topic}. `.repeat(
    Math.ceil((4 * PREFIX_TOKENS) / (24 + topic.length)),
  );
  return JSON.stringify({
    model: MODELS.anthropic,
    max_tokens: 100,
    system: [{ type: 'text', text, ...MARK }],
    messages,
  });
}

/** What was sent to the same account before is read, the rest is written. */
const written = new Set<string>();

function answerAsCache(call: UpstreamCall): void {
  const topic = /know of (\w+)/.exec(call.body.toString())?.[1];
  const prefix = `${call.headers['x-api-key']} ${topic}`;
  const isWarm = written.has(prefix);
  written.add(prefix);
  call.reply(200, {
    id: 'msg_01Test',
    type: 'message',
    role: 'assistant',
    content: [{ type: 'text', text: 'yes' }],
    stop_reason: 'end_turn',
    usage: {
      input_tokens: 3,
      output_tokens: 1,
      cache_read_input_tokens: isWarm ? PREFIX_TOKENS : 0,
      cache_creation_input_tokens: isWarm ? 20 : PREFIX_TOKENS,
    },
  });
}
