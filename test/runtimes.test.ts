// The same program on Bun, Deno, Node and as the binary: boots, proxies, notices hang-ups, logs, stops without cutting.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { openProcessBench, type ProcessBench } from './process/bench.ts';
import { ask, bodyOf, bytesOf, isClosed } from './process/clients.ts';
import { API_KEY, CREDENTIAL, MODELS } from './process/config.ts';
import { type GatewayProcess, LAUNCHERS, type Launcher, SKIP_REASON } from './process/gateway-process.ts';
import { eventually, within } from './process/poll.ts';
import { rowOf } from './process/rows.ts';
import type { TestUpstream } from './process/test-upstream.ts';

/** An abandoned upstream must be let go of within this: far less than any limit of the gateway. */
const LET_GO_MS = 15_000;

const TOO_MANY_BYTES = 35 * 1024 * 1024;

/** Line ends, comments and a character cut in two, as a provider is free to send them. */
const ODD_CHUNKS = [
  ': a comment\r\n\r\n',
  'event: content_block_delta\r\ndata: {"type":"content_block_delta","index":0,',
  '"delta":{"type":"text_delta","text":"',
  Buffer.from('世').subarray(0, 2),
  Buffer.from('世').subarray(2),
  '"}}\r\n\r\n',
  'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},',
  '"usage":{"output_tokens":5}}\n\nevent: message_stop\ndata: {"type":"message_stop"}\n\n',
];

describe('the program', { concurrency: true, skip: SKIP_REASON }, () => {
  for (const launcher of LAUNCHERS) {
    describe(`on ${launcher.name}`, { concurrency: 1, skip: launcher.missing ?? false }, () =>
      proxies(launcher),
    );
  }
});

function proxies(launcher: Launcher): void {
  let bench: ProcessBench;
  let upstream: TestUpstream;
  let gateway: GatewayProcess;

  before(async () => {
    bench = await openProcessBench({ launcher });
    ({ upstream, gateway } = bench);
  });
  after(() => bench?.close());

  it('says that it lives and is ready', async () => {
    for (const path of ['/livez', '/readyz']) {
      const response = await fetch(gateway.origin + path);
      assert.equal(response.status, 200, path);
      assert.equal(await response.text(), 'ok\n', path);
    }
    const { build } = await gateway.query('{ build { runtime demo } }');
    const runtime = launcher.name === 'binary' ? 'bun' : launcher.name;
    assert.match(JSON.stringify(build), new RegExp(`"runtime":"${runtime} [\\d.]+","demo":false`));
  });

  for (const family of ['anthropic', 'openai'] as const) {
    it(`passes on a whole ${family} reply byte for byte`, async () => {
      const marker = `whole-${family}`;
      const response = await ask(gateway.origin, { family, marker });
      const bytes = await bytesOf(response);
      const call = await upstream.callThatSays(marker);
      assert.equal(response.status, 200);
      assert.deepEqual(bytes, call.sent);
      assert.equal(call.body.toString(), bodyOf({ family, marker, model: `${MODELS[family]}-20260101` }));
      const credential = family === 'anthropic' ? call.headers['x-api-key'] : call.headers.authorization;
      assert.match(String(credential), new RegExp(`^(Bearer )?${CREDENTIAL}-[ao][12]$`));
      assert.doesNotMatch(JSON.stringify(call.headers), new RegExp(API_KEY));
    });

    it(`passes on a ${family} stream byte for byte and writes its row`, async () => {
      const marker = `stream-${family}`;
      const response = await ask(gateway.origin, { family, marker, stream: true, session: marker });
      const bytes = await bytesOf(response);
      const call = await upstream.callThatSays(marker);
      assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
      assert.deepEqual(bytes, call.sent);
      assert.equal(response.headers.get('x-request-id'), marker);

      const { attempts, account, sessionId, ...row } = await rowOf(gateway, marker);
      assert.equal(typeof sessionId, 'string');
      assert.deepEqual(account, { name: response.headers.get('x-warmpath-account') });
      assert.deepEqual(attempts, [
        {
          accountName: response.headers.get('x-warmpath-account'),
          status: 200,
          outcome: 'OK',
          reason: 'answered',
        },
      ]);
      assert.deepEqual(row, {
        requestId: marker,
        status: 200,
        outcome: 'OK',
        errorCode: null,
        errorMessage: null,
        path: family === 'anthropic' ? '/v1/messages' : '/v1/chat/completions',
        surface: family === 'anthropic' ? 'ANTHROPIC_MESSAGES' : 'OPENAI_CHAT',
        streamed: true,
        requestedModel: MODELS[family],
        upstreamModel: `${MODELS[family]}-20260101`,
        apiKeyName: 'tests',
        affinity: 'NEW',
        affinityReason: row.affinityReason,
        inputTokens: 6156,
        outputTokens: 33,
        reasoningTokens: family === 'anthropic' ? null : 8,
        cacheReadTokens: 4096,
        cacheWriteTokens: family === 'anthropic' ? 2048 : null,
        cacheWrite5mTokens: family === 'anthropic' ? 2000 : null,
        cacheWrite1hTokens: family === 'anthropic' ? 48 : null,
        usageSource: 'UPSTREAM',
        provider: { name: family },
        user: { username: 'ada' },
      });
    });
  }

  it('passes each piece of a stream on when it comes, whatever its form', async () => {
    const response = await ask(gateway.origin, { scenario: 'never-ending', stream: true, marker: 'pieces' });
    const call = await upstream.callThatSays('pieces');
    assert.ok(response.body);
    const reader = response.body.getReader();
    const received: Uint8Array[] = [];
    const hasAll = async () => {
      while (Buffer.concat(received).length < call.sent.length) {
        const { value } = await within('the next piece', reader.read());
        received.push(value ?? new Uint8Array());
      }
    };
    await hasAll();
    for (const chunk of ODD_CHUNKS) {
      call.write(chunk);
      await hasAll();
    }
    call.end();
    assert.equal((await within('the end', reader.read())).done, true);
    assert.deepEqual(Buffer.concat(received), call.sent);
    const row = await rowOf(gateway, 'pieces');
    assert.deepEqual([row.outcome, row.outputTokens], ['OK', 5]);
  });

  it('takes a body that comes in pieces without a length', async () => {
    const body = bodyOf({ marker: 'chunked', model: MODELS.anthropic });
    const half = Math.floor(body.length / 2);
    const pieces = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const text of [body.slice(0, half), body.slice(half)]) controller.enqueue(Buffer.from(text));
        controller.close();
      },
    });
    const init: RequestInit & { duplex: 'half' } = {
      method: 'POST',
      headers: { 'x-api-key': API_KEY, 'content-type': 'application/json' },
      body: pieces,
      duplex: 'half',
    };
    const response = await fetch(`${gateway.origin}/v1/messages`, init);
    assert.equal(response.status, 200);
    await response.body?.cancel();
    const call = await upstream.callThatSays('chunked');
    assert.equal(call.body.length, body.length + '-20260101'.length);
  });

  it('returns a session to its account', async () => {
    const seen: (string | null)[][] = [];
    for (let turn = 0; turn < 3; turn++) {
      const response = await ask(gateway.origin, { session: 'a-session' });
      await response.body?.cancel();
      const { headers } = response;
      seen.push([headers.get('x-warmpath-account'), headers.get('x-warmpath-affinity')]);
    }
    const account = seen[0]?.[0];
    assert.ok(account === 'a1' || account === 'a2', String(account));
    assert.deepEqual(seen, [
      [account, 'new'],
      [account, 'hit'],
      [account, 'hit'],
    ]);
  });

  for (const [when, scenario] of [
    ['in the middle of a stream', 'never-ending'],
    ['before the reply begins', 'silent'],
  ] as const) {
    it(`lets go of the upstream when the client hangs up ${when}`, async () => {
      const marker = `hang-up-${scenario}`;
      const abort = new AbortController();
      const asked = ask(gateway.origin, { scenario, stream: true, marker, signal: abort.signal });
      const call = await upstream.callThatSays(marker);
      if (scenario === 'never-ending') await (await asked).body?.getReader().read();
      abort.abort();
      await asked.catch(() => undefined);
      await eventually('the closed connection', () => call.isAbandoned, { deadlineMs: LET_GO_MS });
      const row = await rowOf(gateway, marker);
      assert.deepEqual([row.outcome, row.status, row.errorCode], ['CLIENT_GONE', 499, 'client-gone']);
      assert.match(JSON.stringify(row.attempts), /^\[\{[^{]*"outcome":"CLIENT_GONE"[^{]*\}\]$/);
      const { accounts } = await gateway.query('{ accounts { nodes { name inFlight state } } }');
      assert.doesNotMatch(JSON.stringify(accounts), /"inFlight":[1-9]/);
    });
  }

  it('answers without a key, and for a model that does not exist, in the shape of the API', async () => {
    const refused = await ask(gateway.origin, { apiKey: null });
    assert.equal(refused.status, 401);
    assert.match(await refused.text(), /^\{"type":"error","error":\{"type":"authentication_error"/);
    const unknown = await ask(gateway.origin, { family: 'openai', model: 'gpt-4' });
    assert.equal(unknown.status, 404);
    assert.match(await unknown.text(), /gpt-5-mini/);
  });

  it('refuses a body over the limit in the shape of the API', async () => {
    const response = await ask(gateway.origin, { body: ' '.repeat(TOO_MANY_BYTES), marker: 'too-large' });
    assert.equal(response.status, 413);
    assert.match(
      await response.text(),
      /^\{"type":"error","error":\{"type":"request_too_large","message":".* 34 MB"/,
    );
    assert.equal((await rowOf(gateway, 'too-large')).outcome, 'REJECTED');
  });

  it('finishes a running stream after SIGTERM, then exits with 0', async () => {
    const response = await ask(gateway.origin, { scenario: 'never-ending', stream: true, marker: 'drain' });
    const call = await upstream.callThatSays('drain');
    const bytes = bytesOf(response);
    const { hostname, port } = new URL(gateway.origin);
    const silent = connect(Number(port), hostname).on('error', () => undefined);
    await once(silent, 'connect');
    gateway.signal('SIGTERM');
    await eventually('closed doors', () => isClosed(gateway.origin));
    for (const chunk of ODD_CHUNKS) call.write(chunk);
    call.end();
    assert.deepEqual(await within('the end of the stream', bytes), call.sent);
    // Neither a connection that never said a word nor one that is kept alive holds it up.
    const endedAtMs = performance.now();
    assert.equal(await gateway.exit(), 0);
    assert.ok(performance.now() - endedAtMs < LET_GO_MS);
    silent.destroy();
    assert.doesNotMatch(gateway.stderr, /"level":"error"|unhandled|uncaught/i);
  });
}
