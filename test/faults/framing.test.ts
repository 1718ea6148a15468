// Replies in content codings, with broken or unusual framing, of extreme size, and with counts beyond belief.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';
import { API_KEY } from '../process/config.ts';
import { isRecord, SKIP_REASON } from '../process/gateway-process.ts';
import { eventually } from '../process/poll.ts';
import { bodyOf, type Reply } from './client-call.ts';
import { FaultBench, type Route, type Row } from './fault-bench.ts';
import { assertInterruptedStream } from './native-errors.ts';
import { residentBytes } from './process-facts.ts';
import { SAMPLE_USAGE, SAMPLES } from './samples.ts';

const CODINGS = ['gzip', 'deflate', 'br', 'zstd'];
const DECODERS: Record<string, (bytes: Buffer) => Buffer> = {
  gzip: (bytes) => gunzipSync(bytes),
  deflate: (bytes) => inflateSync(bytes),
  br: (bytes) => brotliDecompressSync(bytes),
  zstd: (bytes) => zstdDecompressSync(bytes),
};
/** Nothing of these may reach a client. */
const BROKEN = [
  'short-body',
  'double-length',
  'bad-length',
  'bad-chunk',
  'no-http',
  'length-and-chunked',
  'huge-head',
];
const UNUSUAL = ['http-1.0', 'trailers', 'early-hints', 'continue'];
const ABSURD = ['huge', 'negative', 'text', 'exponent', 'fraction', 'missing'];
const BIG_MB = 100;
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

const SURFACES = ['anthropic-messages', 'openai-chat'] as const;
const { whole: WHOLE, events } = SAMPLES['anthropic-messages'];
const STREAM = events.join('');

describe('a reply', { skip: SKIP_REASON }, () => {
  let bench: FaultBench;

  before(async () => {
    const one = (name: string, at: string): [string, Route] => [name, { hops: [[at, 'a']] }];
    bench = await FaultBench.open({
      routes: Object.fromEntries([
        ...CODINGS.flatMap((coding) => [
          one(`coded-${coding}`, `/coded/${coding}`),
          one(`cut-${coding}`, `/coded/${coding}/truncated`),
        ]),
        ...[...BROKEN, ...UNUSUAL, 'forged-rest'].map((kind) => one(kind, `/framing/${kind}`)),
        one('mixed-headers', '/good-with/mixed'),
        one('big', `/big/${BIG_MB}`),
        one('half', '/half'),
        ...SURFACES.flatMap((surface) =>
          ABSURD.map((kind): [string, Route] => [
            `absurd-${kind}-${surface}`,
            { surface, hops: [[`/absurd/${kind}`, 'a']] },
          ]),
        ),
      ]),
    });
  });
  after(() => bench?.close());

  for (const coding of CODINGS) {
    for (const accepted of ['identity', coding]) {
      for (const stream of [false, true]) {
        const form = stream ? 'a stream' : 'whole';
        it(`in ${coding}, ${form}, comes in a coding the client accepts (${accepted}) and is read`, async () => {
          const { reply, row, calls } = await bench.check(
            { model: `coded-${coding}`, stream, headers: { 'accept-encoding': accepted } },
            { status: 200, attempts: ['a OK 200'] },
          );
          assert.equal(calls[0]?.headers['accept-encoding'], 'identity');
          assert.equal(plainBody(reply, accepted), stream ? STREAM : WHOLE);
          assertSampleUsage(row);
        });
      }
    }

    it(`in ${coding} that is cut short is not passed as whole`, async () => {
      const expected = { status: 502, attempts: ['a RETRYABLE -'], isOwnError: true };
      await bench.check({ model: `cut-${coding}` }, expected);
      const call = bench.ask({ model: `cut-${coding}`, stream: true });
      const { status, body } = await call.reply();
      const row = await bench.settledRow(call.requestId, `cut-${coding}`);
      // A coding gives its bytes in blocks: the cut may come before or after the first event.
      assert.ok(status === 502 || (status === 200 && /event: error/.test(body.toString())), body.toString());
      assert.equal(row.outcome, 'FAILED');
    });
  }

  for (const kind of BROKEN) {
    it(`that is broken (${kind}) gives a 502`, async () => {
      await bench.check({ model: kind }, { status: 502, attempts: ['a RETRYABLE -'], isOwnError: true });
    });
  }

  it('that is followed by another one nobody asked for does not answer the next request with it', async () => {
    for (let round = 0; round < 4; round += 1) {
      const { reply } = await bench.check({ model: 'forged-rest' }, { status: 200, attempts: ['a OK 200'] });
      assert.equal(reply.body.toString(), WHOLE);
    }
  });

  for (const kind of UNUSUAL) {
    it(`that is unusual (${kind}) is passed on`, async () => {
      for (const stream of [false, true]) {
        const { reply, row } = await bench.check(
          { model: kind, stream },
          { status: 200, attempts: ['a OK 200'] },
        );
        assert.equal(reply.body.toString(), stream ? STREAM : WHOLE);
        assert.equal(reply.headers['x-trailer'], undefined);
        assert.equal(reply.headers.trailer, undefined);
        assertSampleUsage(row);
      }
    });
  }

  it('keeps the headers that clients act on and no other', async () => {
    const { reply } = await bench.check({ model: 'mixed-headers' }, { status: 200, attempts: ['a OK 200'] });
    const { headers } = reply;
    assert.equal(headers['anthropic-ratelimit-requests-remaining'], '99');
    assert.equal(headers['x-ratelimit-remaining-requests'], '98');
    assert.equal(headers['x-upstream-request-id'], 'req_upstream');
    const dropped = ['set-cookie', 'x-hop', 'server', 'x-internal-host', 'strict-transport-security'];
    for (const name of [...dropped, 'access-control-allow-origin'])
      assert.equal(headers[name], undefined, name);
    assert.doesNotMatch(headers.connection ?? '', /x-hop/);
    assert.doesNotMatch(headers['keep-alive'] ?? '', /99/);
  });

  it(`of ${BIG_MB} MB is held back while the client does not read, and takes little memory`, async () => {
    const before = await residentBytes(bench.gateway.dataDir);
    const client = bench.ask({ model: 'big', stream: true });
    await client.received(1);
    client.pause();
    const call = await bench.upstream.callWith(client.requestId);
    let sent = 0;
    await eventually('a standstill', async () => {
      const earlier = sent;
      await new Promise((resolve) => setTimeout(resolve, 200));
      sent = call.sentBytes;
      return sent === earlier;
    });
    assert.ok(sent < BIG_MB * 0.6 * 1024 * 1024, `${sent} bytes were taken for a client that reads nothing`);
    let peak = 0;
    const watch = setInterval(async () => {
      peak = Math.max(peak, (await residentBytes(bench.gateway.dataDir)) ?? 0);
    }, 50);
    client.resume();
    const { reply, row } = await bench.checkCall(client, { status: 200, attempts: ['a OK 200'] });
    clearInterval(watch);
    assert.ok(reply.body.equals(call.sent), 'the bytes differ');
    assertSampleUsage(row);
    if (before !== null)
      assert.ok(peak - before < MAX_GROWTH_BYTES, `grew by ${(peak - before) / 1024 / 1024} MB`);
  });

  it(`of ${BIG_MB} MB that is not a stream takes little memory too`, async () => {
    const before = await residentBytes(bench.gateway.dataDir);
    const client = bench.ask({ model: 'big' });
    const { status, body } = await client.reply();
    const after = await residentBytes(bench.gateway.dataDir);
    const [call] = bench.upstream.callsWith(client.requestId);
    if (status === 200) assert.ok(body.equals(call?.sent ?? Buffer.alloc(0)), 'the bytes differ');
    else assert.equal(status, 502);
    await bench.settledRow(client.requestId, 'big');
    if (before !== null && after !== null) {
      assert.ok(after - before < MAX_GROWTH_BYTES, `grew by ${(after - before) / 1024 / 1024} MB`);
    }
  });

  it('whose chunks break after it has begun ends with an error event', async () => {
    const client = bench.ask({ model: 'half', stream: true });
    const call = await bench.upstream.callWith(client.requestId);
    await client.received(call.sentBytes);
    call.raw('-5\r\n');
    const { reply } = await bench.checkCall(client, {
      status: 200,
      outcome: 'FAILED',
      errorCode: 'stream-interrupted',
      attempts: ['a INTERRUPTED 200'],
    });
    assertInterruptedStream('anthropic-messages', reply, call.sent);
  });

  for (const surface of SURFACES) {
    for (const kind of ABSURD) {
      it(`with ${kind} token counts is passed on, and they are not believed, on ${surface}`, async () => {
        for (const stream of [false, true]) {
          const model = `absurd-${kind}-${surface}`;
          const { reply, row, calls } = await bench.check(
            { model, surface, stream },
            { status: 200, attempts: ['a OK 200'] },
          );
          assert.equal(reply.body.toString(), calls[0]?.sent.toString());
          assertSane(row);
          if (kind === 'missing') assert.deepEqual([row.inputTokens, row.usageSource], [null, 'NONE']);
          // A fraction is rounded, whatever it may mean.
          else if (kind !== 'fraction') assert.ok(flagsOf(row).includes('ABSURD_COUNT'), JSON.stringify(row));
        }
      });
    }
  }

  it('loses no row and writes none twice', () => bench.assertRowPerRequest());
});

function plainBody(reply: Reply, accepted: string): string {
  const coding = reply.headers['content-encoding'] ?? 'identity';
  assert.ok(coding === 'identity' || coding === accepted, `content-encoding ${coding}`);
  return (DECODERS[coding]?.(reply.body) ?? reply.body).toString();
}

function assertSampleUsage({ inputTokens, outputTokens, cacheReadTokens }: Row): void {
  assert.deepEqual({ inputTokens, outputTokens, cacheReadTokens }, SAMPLE_USAGE);
}

/** Counts and money are null or plausible. */
function assertSane(row: Row): void {
  for (const name of [
    'inputTokens',
    'outputTokens',
    'cacheReadTokens',
    'cacheWriteTokens',
    'costUsd',
    'credits',
  ]) {
    const value = row[name];
    const isPlausible = typeof value === 'number' && Number.isFinite(value) && value >= 0 && value < 1e9;
    assert.ok(value === null || isPlausible, `${name} is ${value}`);
  }
}

function flagsOf(row: Row): unknown[] {
  return Array.isArray(row.usageFlags) ? row.usageFlags : [];
}

describe('a kept body', { skip: SKIP_REASON }, () => {
  const MAX_KB = 4;
  let bench: FaultBench;

  before(async () => {
    bench = await FaultBench.open({
      settings: { bodyLog: { enabled: true, maxKb: MAX_KB } },
      routes: { big: [['/big/1', 'a']] },
    });
  });
  after(() => bench?.close());

  it('is cut at its limit, without the secrets in it', async () => {
    for (const stream of [false, true]) {
      const body = bodyOf({ model: 'big', stream }, `my key is ${API_KEY} ${'long '.repeat(10_000)}`);
      const { row } = await bench.check(
        { model: 'big', stream, body },
        { status: 200, attempts: ['a OK 200'] },
      );
      const bodies = await eventually('the kept bodies', async () => {
        const { requestLog } = await bench.gateway.query(
          'query ($id: ID!) { requestLog(id: $id) { bodies { request reply isCut } } }',
          { id: row.id },
        );
        return isRecord(requestLog) && isRecord(requestLog.bodies) ? requestLog.bodies : null;
      });
      const { request, reply, isCut } = bodies;
      assert.ok(isCut);
      for (const text of [request, reply]) {
        const length = String(text).length;
        assert.ok(length > 100 && length <= MAX_KB * 1024 + 200, `${length} characters`);
      }
      bench.assertNoSecret(JSON.stringify(bodies));
    }
  });
});
