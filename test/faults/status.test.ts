// Upstreams that answer with an error status: which are tried elsewhere, which pass, and what becomes of the account.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SKIP_REASON } from '../process/gateway-process.ts';
import { attemptsOf, type Checked, FaultBench, type Route } from './fault-bench.ts';
import { FaultUpstream } from './fault-upstream.ts';
import { assertNativeShape } from './native-errors.ts';
import { CHAT_SURFACES } from './samples.ts';
import { UNIFIED_RESET_SECONDS, VERBATIM_BODY } from './status-modes.ts';

const PASSED_ON = [400, 413, 422];
const SERVER_ERRORS = [500, 502, 504];
const QUOTAS: Record<string, string> = {
  'payment-required': 'anthropic-messages',
  'spend-limit': 'anthropic-messages',
  'insufficient-quota': 'openai-chat',
  'credit-exhausted': 'openai-chat',
  'gemini-daily': 'gemini',
};

function eachSurface(name: string, hops: Route['hops']): Record<string, Route> {
  return Object.fromEntries(CHAT_SURFACES.map((surface) => [`${name}-${surface}`, { surface, hops }]));
}

function routesTo(stranger: FaultUpstream): Record<string, Route> {
  const port = new URL(stranger.origin).port;
  const one = (name: string, hops: Route['hops'], surface?: string): [string, Route] => [
    name,
    surface === undefined ? { hops } : { hops, surface },
  ];
  return Object.fromEntries([
    ...['seconds', 'date', 'ms', 'unstated'].map((form) =>
      one(`limited-${form}`, [
        [`/limited/${form}/20`, 'a'],
        ['/good', 'b'],
      ]),
    ),
    ...Object.entries(
      eachSurface('all-limited', [
        ['/limited/seconds/20', 'a'],
        ['/limited/seconds/60', 'b'],
      ]),
    ),
    one('unified-429', [
      ['/limited/unified', 'a'],
      ['/good', 'b'],
    ]),
    one('unified-200', [
      ['/good-with/unified-rejected', 'a'],
      ['/good', 'b'],
    ]),
    [
      'unified-busy',
      {
        hops: [
          ['/good-with/unified-busy', 'a'],
          ['/good-with/unified-calm', 'b'],
        ],
        account: { weight: 10 },
      },
    ],
    ...Object.entries(QUOTAS).map(([kind, surface]) =>
      one(
        `quota-${kind}`,
        [
          [`/quota/${kind}`, 'a'],
          ['/good', 'b'],
        ],
        surface,
      ),
    ),
    one('overloaded-then-good', [
      ['/overloaded', 'a'],
      ['/good', 'b'],
    ]),
    one('overloaded-only', [['/overloaded', 'a', 'b', 'c']]),
    one('overloaded-openai', [['/overloaded', 'a', 'b', 'c']], 'openai-chat'),
    ...SERVER_ERRORS.map((status) =>
      one(`error-${status}`, [
        [`/error/${status}`, 'a'],
        ['/good', 'b'],
      ]),
    ),
    one('five-errors', [
      ['/error/500', 'a'],
      ['/good', 'b'],
    ]),
    one('only-errors', [['/error/500', 'a']]),
    one('all-errors', [['/error/500', 'a', 'b', 'c', 'd']]),
    ...['401', '403'].flatMap((status) => [
      one(`refused-${status}`, [
        [`/refuse/${status}`, 'a'],
        ['/good', 'b'],
      ]),
      ...Object.entries(eachSurface(`all-refused-${status}`, [[`/refuse/${status}`, 'a', 'b']])),
    ]),
    ...PASSED_ON.map((status) =>
      one(`verbatim-${status}`, [
        [`/verbatim/${status}`, 'a'],
        ['/good', 'b'],
      ]),
    ),
    one('no-model-then-good', [
      ['/no-model', 'a'],
      ['/good', 'b'],
    ]),
    one('no-model-only', [['/no-model', 'a', 'b']]),
    ...[301, 302, 303, 307, 308].map((status) =>
      one(`redirect-${status}`, [[`/redirect/${status}/${port}`, 'a']]),
    ),
  ]);
}

/** The gateway refuses further retries while so many are under way. */
const RETRIES_AT_ONCE = 3;

describe('an upstream that answers with an error', {
  skip: SKIP_REASON,
  concurrency: RETRIES_AT_ONCE,
}, () => {
  let bench: FaultBench;
  /** Nobody has an account here. */
  let stranger: FaultUpstream;

  before(async () => {
    stranger = await FaultUpstream.listen();
    bench = await FaultBench.open({ routes: routesTo(stranger) });
  });
  after(async () => {
    await bench?.close();
    await stranger?.close();
  });

  const elsewhere = (model: string, status: number): Promise<Checked> =>
    bench.check(
      { model, ...surfaceOf(model) },
      { status: 200, attempts: [`a RETRYABLE ${status}`, 'b OK 200'] },
    );
  const restsSeconds = async (model: string, account: string): Promise<number> => {
    const { state, cooldownUntil } = await bench.account(model, account);
    assert.equal(state, 'COOLING_DOWN');
    return (Date.parse(String(cooldownUntil)) - Date.now()) / 1000;
  };
  /** The next request does not ask the account again. */
  const skipsFirst = (model: string) =>
    bench.check({ model, ...surfaceOf(model) }, { status: 200, attempts: ['b OK 200'] });

  for (const form of ['seconds', 'date', 'ms', 'unstated']) {
    it(`rests for as long as its 429 says: ${form}`, async () => {
      const model = `limited-${form}`;
      await elsewhere(model, 429);
      const seconds = await restsSeconds(model, 'a');
      if (form === 'unstated') assert.ok(seconds > 0 && seconds <= 60, `${seconds} s`);
      else assert.ok(seconds > 10 && seconds <= 21, `${seconds} s`);
      await skipsFirst(model);
    });
  }

  for (const surface of CHAT_SURFACES) {
    it(`gives a 429 with the smallest wait when all accounts rest, on ${surface}`, async () => {
      const model = `all-limited-${surface}`;
      for (const attempts of [['a RETRYABLE 429', 'b RETRYABLE 429'], []]) {
        const expected = { status: 429, errorCode: 'rate-limited', attempts, isOwnError: true };
        const { reply } = await bench.check({ model, surface }, expected);
        const seconds = Number(reply.headers['retry-after']);
        assert.ok(seconds >= 10 && seconds <= 20, `retry-after ${seconds}`);
      }
    });
  }

  it('rests until the window that its 429 names is reset', async () => {
    const { reply } = await elsewhere('unified-429', 429);
    assert.equal(
      reply.headers['anthropic-ratelimit-unified-status'],
      undefined,
      'headers of the failed attempt',
    );
    const seconds = await restsSeconds('unified-429', 'a');
    assert.ok(Math.abs(seconds - UNIFIED_RESET_SECONDS) < 10, `${seconds} s`);
    await skipsFirst('unified-429');
  });

  it('rests when a good answer says that the window is used up, and the client sees the window', async () => {
    const { reply } = await bench.check({ model: 'unified-200' }, { status: 200, attempts: ['a OK 200'] });
    assert.equal(reply.headers['anthropic-ratelimit-unified-5h-status'], 'rejected');
    const seconds = await restsSeconds('unified-200', 'a');
    const { rateLimits } = await bench.account('unified-200', 'a');
    assert.match(JSON.stringify(rateLimits), /\{"name":"5h","utilization":1,"status":"rejected"\}/);
    assert.ok(Math.abs(seconds - UNIFIED_RESET_SECONDS) < 10, `${seconds} s`);
    await skipsFirst('unified-200');
  });

  it('gets a smaller share while its window is nearly used up', async () => {
    const model = 'unified-busy';
    const asked = [];
    for (let round = 0; round < 24; round += 1) {
      const call = bench.ask({ model });
      await call.reply();
      asked.push(call);
    }
    const rows = await Promise.all(asked.map((call) => bench.settledRow(call.requestId, model)));
    const toBusy = rows.slice(4).filter((row) => attemptsOf(row)[0]?.accountName === 'a').length;
    assert.ok(toBusy <= 6, `${toBusy} of 20 went to the account of equal weight with 3 % left`);
  });

  for (const kind of Object.keys(QUOTAS)) {
    it(`is left alone for long when its budget is spent: ${kind}`, async () => {
      const model = `quota-${kind}`;
      const status = kind === 'payment-required' ? 402 : 429;
      await elsewhere(model, status);
      const { state, cooldownUntil, stateReason } = await bench.account(model, 'a');
      assert.notEqual(state, 'AVAILABLE');
      assert.match(String(stateReason), /budget|quota|spen/i);
      if (kind !== 'gemini-daily' && cooldownUntil !== null) {
        assert.ok(Date.parse(String(cooldownUntil)) - Date.now() > 300_000, String(cooldownUntil));
      }
      await skipsFirst(model);
    });
  }

  it('is replaced once when it is overloaded, and not put aside', async () => {
    await elsewhere('overloaded-then-good', 529);
    assert.equal(await bench.state('overloaded-then-good', 'a'), 'AVAILABLE');
  });

  for (const [model, status] of [
    ['overloaded-only', 529],
    ['overloaded-openai', 503],
  ] as const) {
    it(`has its own ${status} passed on after one other account was overloaded too`, async () => {
      const { reply, calls } = await bench.check(
        { model, ...surfaceOf(model) },
        { status, attempts: [`a RETRYABLE ${status}`, `b RETRYABLE ${status}`] },
      );
      assert.equal(reply.body.toString(), calls[1]?.sent.toString());
      for (const account of ['a', 'b', 'c']) assert.equal(await bench.state(model, account), 'AVAILABLE');
      const [first, second] = calls;
      assert.ok(first && second);
    });
  }

  for (const status of SERVER_ERRORS) {
    it(`is replaced after a ${status}`, async () => {
      await elsewhere(`error-${status}`, status);
    });
  }

  it('is put aside after five failures in a row', async () => {
    const model = 'five-errors';
    for (let round = 0; round < 5; round += 1) await elsewhere(model, 500);
    const { state, stateReason } = await bench.account(model, 'a');
    assert.notEqual(state, 'AVAILABLE');
    assert.match(String(stateReason), /fail/i);
    await skipsFirst(model);
  });

  it('is asked all the same while it is the only one, and its error passes', async () => {
    for (let round = 0; round < 7; round += 1) {
      const { reply, calls } = await bench.check(
        { model: 'only-errors' },
        { status: 500, errorCode: 'upstream-error', attempts: ['a RETRYABLE 500'] },
      );
      assertNativeShape('anthropic-messages', JSON.parse(reply.body.toString()));
      assert.equal(calls.length, 1);
    }
  });

  it('is one of three at most for one request', async () => {
    await bench.check(
      { model: 'all-errors' },
      { status: 500, attempts: ['a RETRYABLE 500', 'b RETRYABLE 500', 'c RETRYABLE 500'] },
    );
  });

  for (const status of [401, 403]) {
    it(`takes its account out of service by a ${status}`, async () => {
      const model = `refused-${status}`;
      await elsewhere(model, status);
      const { state, stateReason } = await bench.account(model, 'a');
      assert.equal(state, 'DISABLED');
      assert.match(String(stateReason), new RegExp(String(status)));
      await skipsFirst(model);
    });

    for (const surface of CHAT_SURFACES) {
      it(`gives a 503, never the ${status}, when no account is left, on ${surface}`, async () => {
        const model = `all-refused-${status}-${surface}`;
        const tried = [`a RETRYABLE ${status}`, `b RETRYABLE ${status}`];
        for (const attempts of [tried, []]) {
          await bench.check(
            { model, surface },
            { status: 503, errorCode: 'no-healthy-account', attempts, isOwnError: true },
          );
        }
      });
    }
  }

  for (const status of PASSED_ON) {
    it(`has its ${status} passed on byte for byte, without another try`, async () => {
      for (const stream of [false, true]) {
        const model = `verbatim-${status}`;
        const { reply } = await bench.check(
          { model, stream },
          { status, outcome: 'REJECTED', attempts: [`a REJECTED ${status}`] },
        );
        assert.equal(reply.body.toString(), VERBATIM_BODY);
        assert.equal(reply.headers['content-type'], 'application/json; charset=utf-8');
        assert.equal(await bench.state(model, 'a'), 'AVAILABLE');
      }
    });
  }

  it('is replaced when it does not know the model, and not blamed', async () => {
    await elsewhere('no-model-then-good', 404);
    assert.equal(await bench.state('no-model-then-good', 'a'), 'AVAILABLE');
  });

  it('has its 404 passed on when no account knows the model', async () => {
    const { reply, calls } = await bench.check(
      { model: 'no-model-only' },
      { status: 404, outcome: 'REJECTED', attempts: ['a RETRYABLE 404', 'b RETRYABLE 404'] },
    );
    assert.equal(reply.body.toString(), calls[1]?.sent.toString());
  });

  for (const status of [301, 302, 303, 307, 308]) {
    it(`is not followed by a ${status}`, async () => {
      const { reply } = await bench.check(
        { model: `redirect-${status}` },
        {
          status: 502,
          errorCode: 'unexpected-redirect',
          attempts: [`a RETRYABLE ${status}`],
          isOwnError: true,
        },
      );
      assert.equal(reply.headers.location, undefined);
      assert.equal(stranger.connectionCount, 0);
    });
  }

  it('loses no row and writes none twice', () => bench.assertRowPerRequest());
});

/** Models name the surface they are for, where it is not Anthropic's. */
function surfaceOf(model: string): { surface?: (typeof CHAT_SURFACES)[number] } {
  const surface = CHAT_SURFACES.find((name) => model.endsWith(`-${name}`)) ?? SURFACE_OF[model];
  return surface ? { surface } : {};
}

const SURFACE_OF: Readonly<Record<string, (typeof CHAT_SURFACES)[number]>> = {
  'overloaded-openai': 'openai-chat',
  'quota-insufficient-quota': 'openai-chat',
  'quota-credit-exhausted': 'openai-chat',
  'quota-gemini-daily': 'gemini',
};
