// Keeping what requests and replies say: only when asked for, cut, without secrets, for administrators, as long as its row.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { after, before, describe, it } from 'node:test';
import { isRecord, SKIP_REASON } from '../process/gateway-process.ts';
import { eventually } from '../process/poll.ts';
import { CANARIES, canariesIn } from './canaries.ts';
import {
  filesIn,
  type Json,
  openSecurityBench,
  providerAt,
  type SecurityBench,
  send,
} from './security-bench.ts';

const MAX_KB = 2;
const ROW =
  'requestLogs(first: 1, filter: { search: $id }) { totalCount nodes { id bodies { request upstreamRequest requestHeaders reply isCut } } }';

describe('kept bodies', { skip: SKIP_REASON }, () => {
  let bench: SecurityBench;

  before(async () => {
    bench = await openSecurityBench({
      script: (call) =>
        call.reply(200, { type: 'message', content: [{ type: 'text', text: replyTo(call.body) }] }),
      config: (origin) => ({ providers: [providerAt(origin, { name: 'm' })] }),
    });
  });
  after(() => bench.close());

  it('are none unless somebody has switched them on', async () => {
    const { row } = await exchange(bench, 'before-it-is-on');
    assert.equal(row.bodies, null);
  });

  it('hold both sides without secrets once they are switched on', async () => {
    await set(bench, { enabled: true, maxKb: MAX_KB });
    const { row } = await exchange(bench, `while-it-is-on sk-${'a1'.repeat(20)} password=hunter2hunter2`);
    const { request, upstreamRequest, requestHeaders, reply, isCut } = bodiesOf(row);
    assert.match(request, /"model":"m".*while-it-is-on \[redacted\] password=\[redacted\]/);
    assert.match(reply, /while-it-is-on \[redacted\]/);
    assert.equal(isCut, false);
    assert.equal(upstreamRequest, null);
    const headers: unknown = JSON.parse(requestHeaders ?? '');
    assert.ok(isRecord(headers));
    assert.equal(headers['x-api-key'] ?? headers.authorization, '•••');
    assert.deepEqual(canariesIn(request + reply + requestHeaders, CANARIES), []);
  });

  it('are cut, also in the middle of a secret', async () => {
    // The upstream repeats its credential; the cut falls into it.
    const { row } = await exchange(bench, `cut ${'x'.repeat(5_000)}`);
    const { request, reply, isCut } = bodiesOf(row);
    assert.equal(isCut, true);
    assert.ok(request.length <= MAX_KB * 1024 && reply.length <= MAX_KB * 1024 + 100);
    assert.ok(request.startsWith('{"model":"m"'));
  });

  it('are for administrators only', async () => {
    const query = '{ requestLogs(first: 1) { nodes { bodies { request } } } }';
    for (const authorization of ['', `Bearer ${CANARIES.apiKey}`, 'Bearer nonsense']) {
      const response = await fetch(`${bench.gateway.origin}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(authorization === '' ? {} : { authorization }) },
        body: JSON.stringify({ query }),
      });
      const text = await response.text();
      assert.match(text, /errors/);
      assert.ok(!text.includes('while-it-is-on'), text);
    }
  });

  it('stay out of lists that do not ask for them and out of the process output', async () => {
    const { gateway } = bench;
    assert.doesNotMatch(gateway.stdout + gateway.stderr, /while-it-is-on/);
  });

  it('are none again once they are switched off', async () => {
    await set(bench, { enabled: false });
    const { row } = await exchange(bench, 'after-it-was-on');
    assert.equal(row.bodies, null);
  });

  it('go with their row', async () => {
    const { clearRequestLogs } = await bench.gateway.query('mutation { clearRequestLogs { clearedCount } }');
    assert.ok(isRecord(clearRequestLogs) && Number(clearRequestLogs.clearedCount) >= 4);
    await bench.stop();
    for (const { name, bytes } of await filesIn(bench.dataDir)) {
      const text = Buffer.from(bytes).toString('latin1');
      for (const marker of ['before-it-is-on', 'while-it-is-on', 'after-it-was-on']) {
        assert.ok(!text.includes(marker), `${marker} is still in ${name}`);
      }
    }
  });
});

function replyTo(body: Buffer): string {
  return `you said ${/"content":"([^"]*)"/.exec(body.toString())?.[1]}`;
}

async function exchange(bench: SecurityBench, prompt: string): Promise<{ row: Json }> {
  const id = `bodies-${crypto.randomUUID()}`;
  const got = await send(bench, {
    headers: { 'x-request-id': id },
    body: { messages: [{ role: 'user', content: prompt }] },
  });
  assert.equal(got.status, 200, got.text);
  const row = await eventually('the row', async () => {
    const { requestLogs } = await bench.gateway.query(`query ($id: String!) { ${ROW} }`, { id });
    const nodes = isRecord(requestLogs) && Array.isArray(requestLogs.nodes) ? requestLogs.nodes : [];
    return nodes.find(isRecord) ?? null;
  });
  return { row };
}

interface Bodies {
  request: string;
  upstreamRequest: string | null;
  requestHeaders: string | null;
  reply: string;
  isCut: boolean;
}

function bodiesOf({ bodies }: Json): Bodies {
  assert.ok(isRecord(bodies), 'nothing was kept');
  const { request, reply, isCut } = bodies;
  assert.ok(typeof request === 'string' && typeof reply === 'string' && typeof isCut === 'boolean');
  return {
    request,
    upstreamRequest: textOrNull(bodies.upstreamRequest),
    requestHeaders: textOrNull(bodies.requestHeaders),
    reply,
    isCut,
  };
}

function textOrNull(value: unknown): string | null {
  assert.ok(value === null || typeof value === 'string');
  return value;
}

async function set({ gateway }: SecurityBench, bodyLog: Json): Promise<void> {
  const query =
    'mutation ($input: UpdateSettingsInput!) { updateSettings(input: $input) { errors { message } } }';
  const { updateSettings } = await gateway.query(query, { input: { bodyLog } });
  assert.ok(isRecord(updateSettings));
  assert.deepEqual(updateSettings.errors, []);
}
