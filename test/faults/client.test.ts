// Clients that are slow, hang up, speak odd HTTP, try to steer the gateway, or come in numbers.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { API_KEY } from '../process/config.ts';
import { SKIP_REASON } from '../process/gateway-process.ts';
import { eventually } from '../process/poll.ts';
import { rowCount } from '../process/rows.ts';
import { bodyOf, type ClientCall, sendRaw } from './client-call.ts';
import { attemptsOf, FaultBench } from './fault-bench.ts';
import { FaultUpstream } from './fault-upstream.ts';
import { assertNativeShape } from './native-errors.ts';
import { CHAT_SURFACES, SAMPLE_USAGE } from './samples.ts';

const LET_GO_MS = 15_000;
/** The server's own limit for bytes that stop coming, and its granularity. */
const SLOW_LIMIT_MS = 60_000;
const GONE = { status: 499, outcome: 'CLIENT_GONE', errorCode: 'client-gone' } as const;

describe('a client', { skip: SKIP_REASON, concurrency: 6 }, () => {
  let bench: FaultBench;
  /** Nobody has an account here. */
  let stranger: FaultUpstream;

  before(async () => {
    stranger = await FaultUpstream.listen();
    bench = await FaultBench.open({
      settings: { affinity: { enabled: true } },
      routes: {
        good: [['/good', 'a']],
        steered: [['/good', 'a']],
        path: [['/good', 'a']],
        slow: [['/good', 'a']],
        silent: [['/silent', 'a']],
        ...Object.fromEntries(
          CHAT_SURFACES.map((surface) => [`half-${surface}`, { surface, hops: [['/half', 'a']] as const }]),
        ),
        bound: {
          hops: [
            ['/half', 'a'],
            ['/half', 'b'],
          ],
          account: { weight: 5 },
        },
      },
    });
  });
  after(async () => {
    await bench?.close();
    await stranger?.close();
  });

  it('that hangs up before the reply begins has its upstream let go of, and blames nobody', async () => {
    for (let round = 0; round < 6; round += 1) {
      const client = bench.ask({ model: 'silent', stream: round % 2 === 0 });
      const call = await bench.upstream.callWith(client.requestId);
      const goneAtMs = client.hangUp();
      await eventually('the closed upstream', () => call.isAbandoned);
      assert.ok((call.closedAtMs ?? 0) - goneAtMs < LET_GO_MS);
      await bench.checkCall(client, { ...GONE, attempts: ['a CLIENT_GONE -'] });
    }
    assert.equal(await bench.state('silent', 'a'), 'AVAILABLE');
  });

  for (const surface of CHAT_SURFACES) {
    it(`that hangs up in a stream has its upstream let go of, and the usage so far kept, on ${surface}`, async () => {
      const model = `half-${surface}`;
      for (let round = 0; round < 6; round += 1) {
        const client = bench.ask({ model, surface, stream: true });
        const call = await begun(client);
        const goneAtMs = client.hangUp();
        await eventually('the closed upstream', () => call.isAbandoned);
        assert.ok((call.closedAtMs ?? 0) - goneAtMs < LET_GO_MS);
        const { row } = await bench.checkCall(client, { ...GONE, attempts: ['a CLIENT_GONE 200'] });
        if (surface === 'anthropic-messages') {
          assert.deepEqual([row.usageSource, row.inputTokens], ['PARTIAL', SAMPLE_USAGE.inputTokens]);
        }
      }
      assert.equal(await bench.state(model, 'a'), 'AVAILABLE');
    });
  }

  it('that hangs up in a stream stays bound to its account', async () => {
    const accounts = new Set<unknown>();
    for (let round = 0; round < 4; round += 1) {
      const client = bench.ask({ model: 'bound', session: 'hangs-up', stream: true });
      await begun(client);
      client.hangUp();
      const row = await bench.settledRow(client.requestId, 'bound');
      accounts.add(attemptsOf(row)[0]?.accountName);
      assert.equal(row.affinity, round === 0 ? 'NEW' : 'HIT');
    }
    assert.equal(accounts.size, 1);
  });

  it('that sends its head or body too slowly is cut off, while others are served', async () => {
    const head = `POST /v1/messages HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${API_KEY}\r\n`;
    const limit = { toClose: true, deadlineMs: SLOW_LIMIT_MS };
    const slow = [
      ...Array.from({ length: 10 }, () =>
        sendRaw(bench.gateway.origin, 'POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-filler: ', {
          ...limit,
          drip: { text: 'x', everyMs: 1_000 },
        }),
      ),
      sendRaw(bench.gateway.origin, 'POST /v1/messages HTTP/1.1\r\nhost: x\r\n', limit),
      sendRaw(bench.gateway.origin, `${head}content-length: 5000\r\n\r\n{"model":`, limit),
    ];
    bench.countRequest();
    const others = setInterval(
      () => void bench.check({ model: 'slow' }, { status: 200, attempts: ['a OK 200'] }),
      1_000,
    );
    try {
      for (const { status } of await Promise.all(slow)) assert.notEqual(status, 200);
    } finally {
      clearInterval(others);
    }
    const { reply } = await bench.check({ model: 'slow' }, { status: 200, attempts: ['a OK 200'] });
    assert.ok(reply.durationMs < 10_000);
  });

  const hosts = { good: 'host: gateway.example', none: '' };
  const withBody = (line: string, { host, key }: { host: string; key: string | null }) => {
    const body = bodyOf({ model: 'path' }, 'odd path');
    const lines = [line, host, key === null ? '' : `authorization: Bearer ${key}`, 'connection: close'];
    const rest = ['content-type: application/json', `content-length: ${body.length}`, '', body];
    return [...lines.filter((text) => text !== ''), ...rest].join('\r\n');
  };
  const odd: [string, string, string, number[]][] = [
    ['HTTP/1.0', 'POST /v1/messages HTTP/1.0', hosts.good, [200]],
    ['HTTP/1.0 without a host', 'POST /v1/messages HTTP/1.0', hosts.none, [200, 400]],
    ['no host', 'POST /v1/messages HTTP/1.1', hosts.none, [200, 400]],
    ['the absolute form', 'POST http://other.example/v1/messages HTTP/1.1', hosts.good, [200, 400]],
    ['a bad escape', 'POST /v1/messages%zz HTTP/1.1', hosts.good, [400, 404]],
    ['an escaped path', 'POST /v1/%6dessages HTTP/1.1', hosts.good, [200, 404]],
    ['doubled slashes', 'POST //v1//messages HTTP/1.1', hosts.good, [200, 400, 404]],
    ['a doubled prefix', 'POST /v1/v1/messages HTTP/1.1', hosts.good, [200]],
    ['no prefix', 'POST /messages HTTP/1.1', hosts.good, [200]],
    ['dots', 'POST /x/../v1/messages HTTP/1.1', hosts.good, [200, 400, 404]],
    ['escaped dots', 'POST /x/%2e%2e/v1/messages HTTP/1.1', hosts.good, [200, 400, 404]],
    ['a backslash', 'POST /v1\\messages HTTP/1.1', hosts.good, [200, 400, 404]],
    ['a query', 'POST /v1/messages?x=%zz&beta=true HTTP/1.1', hosts.good, [200]],
    ['a fragment', 'POST /v1/messages#x HTTP/1.1', hosts.good, [200, 400, 404]],
    ['a NUL', 'POST /v1/messages\0 HTTP/1.1', hosts.good, [400, 505]],
    ['an upper-case path', 'POST /V1/Messages HTTP/1.1', hosts.good, [404]],
  ];
  for (const [what, line, host, statuses] of odd) {
    it(`is routed or refused, and never let in without a key: ${what}`, async () => {
      const known = await sendRaw(bench.gateway.origin, withBody(line, { host, key: API_KEY }));
      assert.ok(known.status !== null && statuses.includes(known.status), known.text);
      const arrived = bench.upstream.callsWith('odd path').length;
      for (const key of [null, 'wp_wrong-key-0123456789abcdef']) {
        const unknown = await sendRaw(bench.gateway.origin, withBody(line, { host, key }));
        assert.ok(unknown.status !== null && [400, 401, 404, 505].includes(unknown.status), unknown.text);
        if (known.status === 200) assert.equal(unknown.status, 401, unknown.text);
      }
      assert.ok(bench.upstream.callsWith('odd path').length - arrived <= odd.length);
      bench.assertHealthyProcess();
    });
  }

  it('cannot choose the host, pass hop-by-hop headers on or pose as another', async () => {
    const asked = { api_base: stranger.origin, base_url: stranger.origin, api_key: 'x', user_config: {} };
    const client = bench.ask({
      model: 'steered',
      headers: {
        connection: 'close, x-hop',
        'x-hop': 'by-hop',
        'x-forwarded-for': '1.2.3.4',
        'x-forwarded-host': 'evil.example',
        'x-real-ip': '1.2.3.4',
        forwarded: 'for=1.2.3.4',
        cookie: 'session=secret',
        'proxy-authorization': 'Basic c2VjcmV0',
        'x-goog-api-key': 'client-key',
        'x-api-base': stranger.origin,
        'x-portkey-custom-host': stranger.origin,
        te: 'trailers',
        'anthropic-beta': 'a-beta-2026',
        'anthropic-version': '2023-06-01',
      },
      body: `${bodyOf({ model: 'steered' }, 'steered').slice(0, -1)},${JSON.stringify(asked).slice(1)}`,
    });
    await bench.checkCall(client, { status: 200, attempts: ['a OK 200'] });
    const [call] = bench.upstream.callsWith('steered');
    const { headers } = call ?? assert.fail('nothing arrived');
    assert.equal(headers['anthropic-beta'], 'a-beta-2026');
    assert.equal(headers['anthropic-version'], '2023-06-01');
    const text = JSON.stringify(headers);
    assert.doesNotMatch(text, /by-hop|1\.2\.3\.4|evil|session=|c2VjcmV0|client-key|x-hop|trailers/);
    assert.ok(!text.includes(stranger.origin) && !text.includes(API_KEY));
    assert.equal(headers.host, new URL(bench.upstream.origin).host);
    assert.equal(stranger.connectionCount, 0);
  });

  /** The upstream's call, once the client has got what it has sent. */
  const begun = async (client: ClientCall) => {
    const call = await bench.upstream.callWith(client.requestId);
    await eventually('the begun answer', () => call.sentBytes > 0);
    await client.received(call.sentBytes);
    return call;
  };
});

describe('a client that hangs up while replies are read to their end', { skip: SKIP_REASON }, () => {
  let bench: FaultBench;

  before(async () => {
    bench = await FaultBench.open({
      settings: { clientGone: { policy: 'drain', drainSeconds: 4 } },
      routes: { drained: [['/half', 'a']], endless: [['/half', 'a']] },
    });
  });
  after(() => bench?.close());

  const hangUpInStream = async (model: string) => {
    const client = bench.ask({ model, stream: true });
    const call = await bench.upstream.callWith(client.requestId);
    await eventually('the begun answer', () => call.sentBytes > 0);
    await client.received(call.sentBytes);
    client.hangUp();
    return { client, call };
  };

  it('leaves a row with the whole usage', async () => {
    const { client, call } = await hangUpInStream('drained');
    await new Promise((resolve) => setTimeout(resolve, 200));
    assert.ok(!call.isAbandoned);
    call.sendRest();
    const { row } = await bench.checkCall(client, { ...GONE, attempts: ['a CLIENT_GONE 200'] });
    assert.deepEqual([row.usageSource, row.outputTokens], ['UPSTREAM', SAMPLE_USAGE.outputTokens]);
  });

  it('is not waited for beyond the limit', async () => {
    const { client, call } = await hangUpInStream('endless');
    const goneAtMs = performance.now();
    await eventually('the closed upstream', () => call.isAbandoned);
    const waitedMs = (call.closedAtMs ?? 0) - goneAtMs;
    assert.ok(waitedMs > 3_800 && waitedMs < 15_000, `${waitedMs} ms`);
    const { row } = await bench.checkCall(client, { ...GONE, attempts: ['a CLIENT_GONE 200'] });
    assert.equal(row.usageSource, 'PARTIAL');
    await bench.assertRowPerRequest();
  });
});

describe('more clients than there are places', { skip: SKIP_REASON }, () => {
  const PLACES = 4;
  const QUEUE_SECONDS = 5;
  let bench: FaultBench;

  before(async () => {
    bench = await FaultBench.open({
      settings: { limits: { maxInFlight: PLACES }, timeouts: { queueSeconds: QUEUE_SECONDS } },
      routes: { held: [['/silent', 'a']] },
    });
  });
  after(() => bench?.close());

  it('wait in a queue of the same length, the others get a 503 at once, and health checks answer', async () => {
    const clients = Array.from({ length: PLACES * 3 }, () => bench.ask({ model: 'held' }));
    await eventually('the held requests', () => bench.upstream.calls.length === PLACES);
    const { status } = await fetch(`${bench.gateway.origin}/livez`);
    assert.equal(status, 200);
    await eventually(
      'the refused requests',
      () => clients.filter((client) => client.hasEnded).length >= PLACES,
    );
    const refused = clients.filter((client) => client.hasEnded);
    // Two of the held make room for two that wait; the other two have waited for too long.
    for (const call of bench.upstream.calls.slice(0, 2)) call.answer();
    await eventually('the next two', () => bench.upstream.calls.length === PLACES + 2);
    await eventually(
      'the end of the queue',
      () => clients.filter((client) => client.hasEnded).length === PLACES + 2 + 2,
    );
    for (const call of bench.upstream.calls.slice(2)) call.answer();
    await assertRefused(refused, { maxMs: QUEUE_SECONDS * 1000 });
    const statuses: Record<string, number> = {};
    for (const client of clients) {
      const reply = await client.reply();
      statuses[String(reply.status)] = (statuses[String(reply.status)] ?? 0) + 1;
      await bench.settledRow(client.requestId, 'held');
    }
    assert.deepEqual(statuses, { 200: PLACES + 2, 503: PLACES + 2 });
    await bench.assertRowPerRequest();
    assert.equal(await rowCount(bench.gateway), PLACES * 3);
    bench.assertHealthyProcess();
  });

  it('leave all places free when they are gone', async () => {
    const clients = Array.from({ length: PLACES * 2 }, () => bench.ask({ model: 'held' }));
    await eventually('the held requests', () => bench.upstream.calls.length >= PLACES * 2 + 2);
    // Nobody sees from outside when the others have begun to wait.
    await new Promise((resolve) => setTimeout(resolve, 150));
    for (const client of clients) client.hangUp();
    for (const client of clients) await bench.settledRow(client.requestId, 'held');
    const again = Array.from({ length: PLACES }, () => bench.ask({ model: 'held' }));
    for (const client of again) (await bench.upstream.callWith(client.requestId)).answer();
    for (const client of again) {
      await bench.checkCall(client, { status: 200, attempts: ['a OK 200'] });
    }
  });

  async function assertRefused(clients: readonly ClientCall[], { maxMs }: { maxMs: number }): Promise<void> {
    for (const client of clients) {
      const reply = await client.reply();
      assert.equal(reply.status, 503);
      assert.ok(Number(reply.headers['retry-after']) >= 1);
      assert.ok(reply.durationMs < maxMs, `${reply.durationMs} ms`);
      assertNativeShape('anthropic-messages', JSON.parse(reply.body.toString()));
      const row = await bench.settledRow(client.requestId, 'held');
      assert.deepEqual([row.status, row.errorCode, attemptsOf(row).length], [503, 'gateway-full', 0]);
    }
  }
});
