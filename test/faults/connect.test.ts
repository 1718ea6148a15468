// Upstreams that cannot be reached, that hang up before they answer, and that never answer.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SKIP_REASON } from '../process/gateway-process.ts';
import { eventually } from '../process/poll.ts';
import { attemptsOf, FaultBench } from './fault-bench.ts';
import { FaultUpstream } from './fault-upstream.ts';
import { type BlackHole, openBlackHole, refusedOrigin, UNKNOWN_HOST_ORIGIN } from './places.ts';
import { CHAT_SURFACES, SAMPLES } from './samples.ts';

const CONNECT_SECONDS = 1;
const FIRST_BYTE_SECONDS = 2;
const DEADLINE_SECONDS = 5;
/** What a busy machine may add to a limit. */
const SLACK_MS = 10_000;

/** The gateway refuses further retries while so many are under way. */
const RETRIES_AT_ONCE = 3;

describe('an upstream that does not answer', { skip: SKIP_REASON, concurrency: RETRIES_AT_ONCE }, () => {
  let bench: FaultBench;
  let upstream: FaultUpstream;
  /** Speaks plain HTTP where TLS is expected. */
  let plain: FaultUpstream;
  let blackHole: BlackHole;

  before(async () => {
    upstream = await FaultUpstream.listen();
    plain = await FaultUpstream.listen();
    blackHole = await openBlackHole();
    const refused = await refusedOrigin();
    bench = await FaultBench.open({
      upstream,
      settings: {
        timeouts: {
          connectSeconds: CONNECT_SECONDS,
          firstByteSeconds: FIRST_BYTE_SECONDS,
          streamFirstByteSeconds: FIRST_BYTE_SECONDS,
          deadlineSeconds: DEADLINE_SECONDS,
        },
      },
      routes: {
        'refused-then-good': [
          [refused, 'a', 'a2'],
          ['/good', 'b', 'b2'],
        ],
        'dns-then-good': [
          [UNKNOWN_HOST_ORIGIN, 'a', 'a2'],
          ['/good', 'b', 'b2'],
        ],
        'dns-only': [[UNKNOWN_HOST_ORIGIN, 'a', 'a2']],
        'tls-then-good': [
          [upstream.secureOrigin, 'a', 'a2'],
          ['/good', 'b', 'b2'],
        ],
        'tls-only': [[upstream.secureOrigin, 'a']],
        'plain-port-then-good': [
          [plain.confusedOrigin, 'a'],
          ['/good', 'b', 'b2'],
        ],
        'black-hole-then-good': [
          [blackHole.origin, 'a', 'a2'],
          ['/good', 'b', 'b2'],
        ],
        'reset-then-good': [
          ['/reset-before-headers', 'a'],
          ['/good', 'b', 'b2'],
        ],
        'fin-then-good': [
          ['/fin-before-headers', 'a'],
          ['/good', 'b', 'b2'],
        ],
        'reset-only': [['/reset-before-headers', 'a', 'b', 'c']],
        'silent-then-good-true': [
          ['/silent', 'a'],
          ['/good', 'b', 'b2'],
        ],
        'silent-then-good-false': [
          ['/silent', 'a'],
          ['/good', 'b', 'b2'],
        ],
        'silent-only': [['/silent', 'a', 'b', 'c']],
        'stall-then-good': [
          ['/stall-before-answer', 'a'],
          ['/good', 'b', 'b2'],
        ],
        ...Object.fromEntries(
          CHAT_SURFACES.map((surface) => [`refused-${surface}`, { surface, hops: [[refused, 'a', 'a2']] }]),
        ),
      },
    });
  });
  after(async () => {
    await bench?.close();
    await upstream?.close();
    await plain?.close();
    await blackHole?.close();
  });

  const unreachable = [
    { model: 'refused-then-good', reason: /refused/i },
    { model: 'dns-then-good', reason: /name|dns|ENOTFOUND|EAI_AGAIN/i },
    { model: 'tls-then-good', reason: /tls|certificate/i },
    { model: 'plain-port-then-good', reason: /tls/i },
    { model: 'black-hole-then-good', reason: /time/i },
  ];
  for (const { model, reason } of unreachable) {
    it(`is passed over with its whole host: ${model}`, async () => {
      const client = bench.ask({ model });
      await client.reply();
      // Right away: the host rests for seconds only.
      const next = bench.ask({ model, stream: true });
      const { reply, row, calls } = await bench.checkCall(client, {
        status: 200,
        attempts: ['a RETRYABLE -', 'b OK 200'],
      });
      assert.equal(reply.body.toString(), SAMPLES['anthropic-messages'].whole);
      assert.match(String(attemptsOf(row)[0]?.reason), reason);
      assert.equal(calls.length, 1);
      assert.ok(reply.durationMs < CONNECT_SECONDS * 1000 + SLACK_MS, `${reply.durationMs} ms`);
      // The host is to blame, not the accounts, and it is not asked again at once.
      assert.equal(await bench.state(model, 'a'), 'AVAILABLE');
      await bench.checkCall(next, { status: 200, attempts: ['b OK 200'] });
    });
  }

  for (const surface of CHAT_SURFACES) {
    it(`gives a 502 with retry-after when no host is left, on ${surface}`, async () => {
      for (const stream of [false, true]) {
        const model = `refused-${surface}`;
        const { reply, row } = await bench.check(
          { model, surface, stream },
          { status: 502, errorCode: 'upstream-unreachable', attempts: ['a RETRYABLE -'], isOwnError: true },
        );
        assert.ok(Number(reply.headers['retry-after']) >= 1, reply.headers['retry-after']);
        assert.equal(row.inputTokens, null);
      }
    });
  }

  it('gives a 502 for a name that does not resolve', async () => {
    const expected = { status: 502, attempts: ['a RETRYABLE -'], isOwnError: true };
    const { reply } = await bench.check({ model: 'dns-only' }, expected);
    assert.doesNotMatch(reply.body.toString(), /no-such-host/);
  });

  it('gets no request and no credential over TLS that cannot be verified', async () => {
    const { row, calls } = await bench.check(
      { model: 'tls-only' },
      { status: 502, attempts: ['a RETRYABLE -'], isOwnError: true },
    );
    assert.deepEqual(calls, []);
    assert.deepEqual(plain.calls, []);
    const [attempt] = attemptsOf(row);
    assert.equal(attempt?.fault, 'UNREACHABLE');
    assert.match(String(attempt?.reason), /TLS.*SELF_SIGNED/);
  });

  for (const model of ['reset-then-good', 'fin-then-good']) {
    it(`is tried elsewhere once, and noted as possibly billed: ${model}`, async () => {
      const { row, calls } = await bench.check(
        { model },
        { status: 200, attempts: ['a RETRYABLE -', 'b OK 200'] },
      );
      assert.deepEqual(
        attemptsOf(row).map(({ isPossibleDuplicate }) => isPossibleDuplicate),
        [true, false],
      );
      assert.equal(calls.length, 2);
    });
  }

  it('is not tried a third time when it hung up twice', async () => {
    const { calls } = await bench.check(
      { model: 'reset-only' },
      {
        status: 502,
        errorCode: 'upstream-unreachable',
        attempts: ['a RETRYABLE -', 'b RETRYABLE -'],
        isOwnError: true,
      },
    );
    assert.equal(calls.length, 2);
  });

  for (const stream of [false, true]) {
    it(`is given up when no head comes, ${stream ? 'streamed' : 'whole'}, and let go of`, async () => {
      const { reply, calls } = await bench.check(
        { model: `silent-then-good-${stream}`, stream },
        { status: 200, attempts: ['a RETRYABLE -', 'b OK 200'] },
      );
      assert.ok(reply.durationMs >= FIRST_BYTE_SECONDS * 1000 - 20, `${reply.durationMs} ms`);
      await eventually('the closed silent connection', () => calls[0]?.isAbandoned ?? false);
    });
  }

  it('is given up when a head comes but nothing of the answer', async () => {
    await bench.check(
      { model: 'stall-then-good', stream: true },
      { status: 200, attempts: ['a RETRYABLE -', 'b OK 200'] },
    );
  });

  it('gives a 504 when the deadline of all attempts is over', async () => {
    const { reply, row } = await bench.check(
      { model: 'silent-only' },
      {
        status: 504,
        errorCode: 'upstream-timeout',
        attempts: ['a RETRYABLE -', 'b RETRYABLE -', 'c RETRYABLE -'],
        isOwnError: true,
      },
    );
    assert.ok(reply.durationMs < DEADLINE_SECONDS * 1000 + SLACK_MS, `${reply.durationMs} ms`);
    assert.ok(reply.durationMs > FIRST_BYTE_SECONDS * 2000, `${reply.durationMs} ms`);
    const [first, , last] = attemptsOf(row);
    assert.ok(Number(last?.durationMs) < Number(first?.durationMs), 'the last attempt got what was left');
  });

  it('loses no row and writes none twice', () => bench.assertRowPerRequest());
});
