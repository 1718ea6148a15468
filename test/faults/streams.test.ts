// Streams that break off, fall silent or tell of an error, and streams whose bytes come in odd pieces and forms.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { SKIP_REASON } from '../process/gateway-process.ts';
import { eventually } from '../process/poll.ts';
import type { ClientCall } from './client-call.ts';
import { attemptsOf, FaultBench, type Route, type Row } from './fault-bench.ts';
import { assertInterruptedStream, withoutPings } from './native-errors.ts';
import { CHAT_SURFACES, type ChatSurface, SAMPLE_USAGE, SAMPLES } from './samples.ts';
import { streamInForm } from './stream-modes.ts';
import type { UpstreamCall } from './upstream-call.ts';

const KEEP_ALIVE_MS = 200;
const GAP_MS = 3_000;
const INTERRUPTED = { status: 200, outcome: 'FAILED', errorCode: 'stream-interrupted' } as const;

const FORMS = ['lf', 'crlf', 'cr', 'bom', 'comments', 'multiline'];
const MALFORMED = ['bad-json', 'no-json', 'unknown-lines', 'null-data'];
/** What an error that comes first in a 200 stands for. */
const FIRST_ERRORS: Record<ChatSurface, Record<string, number>> = {
  'anthropic-messages': { overloaded_error: 529, rate_limit_error: 429, api_error: 500 },
  'openai-chat': { rate_limit_error: 429, api_error: 500 },
  'openai-responses': { rate_limit_error: 429, api_error: 500 },
  gemini: { overloaded_error: 503, rate_limit_error: 429, api_error: 500 },
};

/** Ways to break a begun stream; each leaves the bytes sent so far. */
const BREAKS: Record<string, (call: UpstreamCall) => void> = {
  'by a reset': (call) => call.reset(),
  'by the end of the connection': (call) => call.fin(),
  'by an end in order, without the last event': (call) => call.endChunks(),
  'by bytes that are no chunk': (call) => call.raw('no chunk\r\n'),
};

function perSurface(name: string, hops: Route['hops']): [string, Route][] {
  return CHAT_SURFACES.map((surface) => [`${name}-${surface}`, { surface, hops }]);
}

/** The gateway refuses further retries while so many are under way. */
const RETRIES_AT_ONCE = 3;

describe('a stream', { skip: SKIP_REASON, concurrency: RETRIES_AT_ONCE }, () => {
  let bench: FaultBench;

  before(async () => {
    bench = await FaultBench.open({
      settings: {
        timeouts: { keepAliveSeconds: KEEP_ALIVE_MS / 1000, streamGapSeconds: GAP_MS / 1000 },
      },
      routes: Object.fromEntries([
        // Not the same accounts for every break: five in a row would put one aside.
        ...Object.keys(BREAKS).flatMap((_, index) =>
          perSurface(`half-${index}`, [
            ['/half', 'a'],
            ['/good', 'b'],
          ]),
        ),
        ...perSurface('stall', [['/half', 'a']]),
        ...perSurface('driven', [['/half', 'a']]),
        ...Object.keys(FIRST_ERRORS['anthropic-messages']).flatMap((type) => [
          ...perSurface(`first-${type}`, [
            [`/error-first/${type}`, 'a'],
            ['/good', 'b'],
          ]),
          ...perSurface(`only-${type}`, [[`/error-first/${type}`, 'a']]),
        ]),
        ...perSurface('later', [
          ['/error-later', 'a'],
          ['/good', 'b'],
        ]),
        ...perSurface('good', [['/good', 'a']]),
        ...MALFORMED.flatMap((kind) => perSurface(`malformed-${kind}`, [[`/malformed/${kind}`, 'a']])),
        ...perSurface('bad-usage', [['/malformed/bad-usage', 'a']]),
        ...FORMS.flatMap((form) => perSurface(`drip-${form}`, [[`/drip/${form}`, 'a']])),
      ]),
    });
  });
  after(() => bench?.close());

  /** Waits until the client has got what the upstream has sent. */
  const caughtUp = async (client: ClientCall): Promise<UpstreamCall> => {
    const call = await bench.upstream.callWith(client.requestId);
    await eventually('the begun answer', () => call.sentBytes > 0);
    await client.received(call.sentBytes);
    return call;
  };

  for (const surface of CHAT_SURFACES) {
    for (const [index, [how, breakOff]] of Object.entries(BREAKS).entries()) {
      it(`that is cut off ${how} ends with an error event of ${surface}`, async () => {
        const client = bench.ask({ model: `half-${index}-${surface}`, surface, stream: true });
        const call = await caughtUp(client);
        breakOff(call);
        const { reply, row } = await bench.checkCall(client, {
          ...INTERRUPTED,
          attempts: ['a INTERRUPTED 200'],
        });
        assertInterruptedStream(surface, reply, call.sent);
        assertPartial(row);
      });
    }

    it(`that falls silent gets comments, then an error event of ${surface}, and its upstream is let go of`, async () => {
      const client = bench.ask({ model: `stall-${surface}`, surface, stream: true });
      const call = await caughtUp(client);
      const { reply, row } = await bench.checkCall(client, {
        ...INTERRUPTED,
        attempts: ['a INTERRUPTED 200'],
      });
      assertInterruptedStream(surface, reply, call.sent);
      assertPartial(row);
      const pings = reply.body.toString().split(': ping\n\n').length - 1;
      assert.ok(pings >= 2 && pings <= GAP_MS / KEEP_ALIVE_MS, `${pings} comments`);
      await eventually('the closed upstream', () => call.isAbandoned);
      assert.equal(attemptsOf(row)[0]?.fault, 'STALLED');
    });

    it(`that pauses inside an event gets no comment there, on ${surface}`, async () => {
      const client = bench.ask({ model: `driven-${surface}`, surface, stream: true });
      const call = await caughtUp(client);
      const { events, half } = SAMPLES[surface];
      const [next = ''] = events.slice(half);
      const cut = Math.floor(next.length / 2);
      call.chunk(next.slice(0, cut));
      await client.received(call.sentBytes);
      await new Promise((resolve) => setTimeout(resolve, KEEP_ALIVE_MS * 2.5));
      assert.equal(client.receivedBytes - pingBytes(client), call.sentBytes);
      assert.ok(client.text.endsWith(next.slice(0, cut)), 'a comment inside an event');
      call.chunk(next.slice(cut));
      await client.received(call.sentBytes + pingBytes(client));
      const before = pingBytes(client);
      await eventually('a comment between events', () => pingBytes(client) > before);
      for (const event of events.slice(half + 1)) call.chunk(event);
      call.endChunks();
      const { reply, row } = await bench.checkCall(client, { status: 200, attempts: ['a OK 200'] });
      assert.equal(withoutPings(reply.body.toString()), call.sent.toString());
      assertSampleUsage(row);
    });

    for (const [type, status] of Object.entries(FIRST_ERRORS[surface])) {
      it(`that begins with ${type} is asked elsewhere, on ${surface}`, async () => {
        const model = `first-${type}-${surface}`;
        const { reply, calls } = await bench.check(
          { model, surface, stream: true },
          { status: 200, attempts: [`a RETRYABLE ${status}`, 'b OK 200'] },
        );
        assert.equal(reply.body.toString(), calls[1]?.sent.toString());
        const { row } = await bench.check(
          { model: `only-${type}-${surface}`, surface, stream: true },
          { status, attempts: [`a RETRYABLE ${status}`] },
        );
        assert.equal(row.outcome, 'FAILED');
      });
    }

    it(`passes an error on that comes after the answer has begun, on ${surface}`, async () => {
      const { reply, row, calls } = await bench.check(
        { model: `later-${surface}`, surface, stream: true },
        { status: 200, outcome: 'FAILED', attempts: ['a INTERRUPTED 200'] },
      );
      assertSameBytes(reply.body, calls[0]?.sent);
      assertPartial(row);
    });

    for (const kind of MALFORMED) {
      it(`passes malformed events on as they are: ${kind}, on ${surface}`, async () => {
        const { reply, row, calls } = await bench.check(
          { model: `malformed-${kind}-${surface}`, surface, stream: true },
          { status: 200, attempts: ['a OK 200'] },
        );
        assertSameBytes(reply.body, calls[0]?.sent);
        assertSampleUsage(row);
      });
    }

    for (const form of FORMS) {
      it(`passes single bytes on and reads them: ${form}, on ${surface}`, async () => {
        const { reply, row } = await bench.check(
          { model: `drip-${form}-${surface}`, surface, stream: true },
          { status: 200, attempts: ['a OK 200'] },
        );
        // On a busy machine the bytes may come so slowly that comments keep the connection alive.
        const text = reply.body.toString().replaceAll(': ping\n\n', '');
        assertSameBytes(Buffer.from(text), Buffer.from(streamInForm(surface, form)));
        assertSampleUsage(row);
      });
    }
  }

  for (const surface of ['anthropic-messages', 'openai-chat'] as const) {
    it(`whose usage cannot be read has none, not zero, on ${surface}`, async () => {
      const { reply, row, calls } = await bench.check(
        { model: `bad-usage-${surface}`, surface, stream: true },
        { status: 200, attempts: ['a OK 200'] },
      );
      assertSameBytes(reply.body, calls[0]?.sent);
      assert.deepEqual([row.inputTokens, row.outputTokens, row.usageSource], [null, null, 'NONE']);
      assert.deepEqual(row.usageFlags, ['UNREADABLE']);
    });
  }

  it('loses no row and writes none twice', () => bench.assertRowPerRequest());
});

function pingBytes(client: ClientCall): number {
  return client.text.length - withoutPings(client.text).length;
}

function assertSameBytes(got: Buffer, expected: Buffer | undefined): void {
  const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  assert.equal(digest(got), digest(expected ?? Buffer.alloc(0)), got.toString());
}

function assertSampleUsage(row: Row): void {
  const { inputTokens, outputTokens, cacheReadTokens, usageSource } = row;
  assert.deepEqual({ inputTokens, outputTokens, cacheReadTokens }, SAMPLE_USAGE);
  assert.equal(usageSource, 'UPSTREAM');
}

/** What was reported before the break, and never more than that. */
function assertPartial({ usageSource, inputTokens, surface }: Row): void {
  const isReported = surface === 'ANTHROPIC_MESSAGES' || surface === 'GEMINI';
  assert.equal(usageSource, isReported ? 'PARTIAL' : 'NONE');
  assert.equal(inputTokens, isReported ? SAMPLE_USAGE.inputTokens : null);
}
