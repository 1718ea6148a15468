// Changes around running requests: clocks that jump, a new configuration, an account or key switched off, and the end.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { API_KEY } from '../process/config.ts';
import { LAUNCHERS, SKIP_REASON, temporaryFolder } from '../process/gateway-process.ts';
import { eventually, within } from '../process/poll.ts';
import type { ClientCall } from './client-call.ts';
import { attemptsOf, FaultBench, nodesOf } from './fault-bench.ts';
import { FaultUpstream } from './fault-upstream.ts';
import { assertInterruptedStream } from './native-errors.ts';
import { CHAT_SURFACES } from './samples.ts';
import type { UpstreamCall } from './upstream-call.ts';

const OK = { status: 200, attempts: ['a OK 200'] } as const;
const HOUR_MS = 3_600_000;
/** A change counts for the next request within this time. */
const EFFECT_MS = 15_000;

/** A stream in its middle. */
async function beginStream(
  bench: FaultBench,
  model: string,
): Promise<{ client: ClientCall; call: UpstreamCall }> {
  const client = bench.ask({ model, stream: true });
  const call = await bench.upstream.callWith(client.requestId);
  await eventually('the begun answer', () => call.sentBytes > 0);
  await client.received(call.sentBytes);
  return { client, call };
}

/** Lets it end; it must not have noticed anything. */
async function endWell(
  bench: FaultBench,
  { client, call }: { client: ClientCall; call: UpstreamCall },
): Promise<void> {
  call.sendRest();
  const { reply, row } = await bench.checkCall(client, OK);
  assert.equal(reply.body.toString(), call.sent.toString());
  assert.equal(row.usageSource, 'UPSTREAM');
}

describe('a clock that jumps', { skip: SKIP_REASON }, () => {
  let folder: string;
  let bench: FaultBench;

  const shift = async (ms: number) => {
    await writeFile(join(folder, 'shift'), String(ms));
    bench.gateway.signal('SIGUSR2');
    await eventually('the shifted clock', () =>
      bench.gateway.stderr.includes(`"clock-shifted","shiftMs":${ms}}`),
    );
  };

  before(async () => {
    folder = await temporaryFolder();
    const [bun] = LAUNCHERS;
    const preload = fileURLToPath(new URL('./clock-shift.ts', import.meta.url));
    bench = await FaultBench.open({
      ...(bun ? { launcher: { ...bun, args: ['--preload', preload, ...bun.args] } } : {}),
      env: { CLOCK_SHIFT_FILE: join(folder, 'shift') },
      settings: { timeouts: { streamGapSeconds: 20 }, affinity: { enabled: true } },
      routes: {
        half: [['/half', 'a']],
        good: [['/good', 'a']],
        'rests-ahead': [
          ['/limited/seconds/60', 'a'],
          ['/good', 'b'],
        ],
        'rests-back': [
          ['/limited/seconds/1', 'a'],
          ['/good', 'b'],
        ],
        bound: {
          hops: [
            ['/good', 'a'],
            ['/good', 'b'],
          ],
          account: { weight: 5 },
        },
      },
    });
  });
  after(async () => {
    await bench?.close();
    await rm(folder, { recursive: true, force: true });
  });

  for (const ms of [HOUR_MS, -HOUR_MS]) {
    it(`by ${ms / HOUR_MS} h leaves streams and times alone`, async () => {
      const stream = await beginStream(bench, 'half');
      await shift(ms);
      await endWell(bench, stream);
      const { row } = await bench.check({ model: 'good' }, OK);
      assert.ok(Number(row.latencyMs) < 5_000);
      assert.ok(
        Math.abs(Date.parse(String(row.startedAt)) - (Date.now() + ms)) < 10_000,
        'stamps follow the clock',
      );
      await shift(0);
    });
  }

  it('ahead does not end bindings', async () => {
    const affinityOf = async () => {
      const client = bench.ask({ model: 'bound', session: 'bound' });
      await client.reply();
      return (await bench.settledRow(client.requestId, 'bound')).affinity;
    };
    assert.equal(await affinityOf(), 'NEW');
    await shift(HOUR_MS);
    assert.equal(await affinityOf(), 'HIT');
    await shift(0);
  });

  // Each request a session of its own: none is bound to where the one before went.
  it('ahead does not end a cooldown early', async () => {
    const model = 'rests-ahead';
    await bench.check(
      { model, session: randomUUID() },
      { status: 200, attempts: ['a RETRYABLE 429', 'b OK 200'] },
    );
    await shift(HOUR_MS);
    await bench.check({ model, session: randomUUID() }, { status: 200, attempts: ['b OK 200'] });
    await shift(0);
  });

  it('back does not prolong a cooldown', async () => {
    const model = 'rests-back';
    await bench.check(
      { model, session: randomUUID() },
      { status: 200, attempts: ['a RETRYABLE 429', 'b OK 200'] },
    );
    await shift(-HOUR_MS);
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await bench.check(
      { model, session: randomUUID() },
      { status: 200, attempts: ['a RETRYABLE 429', 'b OK 200'] },
    );
    await shift(0);
  });
});

describe('a change while streams run', { skip: SKIP_REASON }, () => {
  let upstream: FaultUpstream;
  let bench: FaultBench;
  const routes = {
    half: [['/half', 'a']],
    removed: [['/half', 'a']],
    moved: [['/half', 'a']],
    paused: [
      ['/half', 'a'],
      ['/good', 'b'],
    ],
    keyed: [['/half', 'a']],
  } as const;

  before(async () => {
    upstream = await FaultUpstream.listen();
    bench = await FaultBench.open({ routes, upstream });
  });
  after(async () => {
    await bench?.close();
    await upstream?.close();
  });

  it('of the configuration holds for new requests and leaves the running ones as they began', async () => {
    const streams = [await beginStream(bench, 'removed'), await beginStream(bench, 'moved')];
    const { removed, ...kept } = routes;
    await bench.reload({ routes: { ...kept, moved: [['/good', 'other']] }, settings: { prune: true } });
    const expected = { status: 404, outcome: 'REJECTED', attempts: [], isOwnError: true } as const;
    await bench.check({ model: 'removed' }, expected);
    await bench.check({ model: 'moved' }, { status: 200, attempts: ['other OK 200'] });
    for (const stream of streams) await endWell(bench, stream);
    assert.equal(removed.length, 1);
    await bench.reload({ routes });
  });

  const bad: Record<string, string> = {
    'no YAML': 'providers: [unclosed',
    'an unknown key': JSON.stringify({ requireApiKeys: false }),
    'a wrong type': JSON.stringify({ timeouts: { connectSeconds: 'soon' } }),
    nothing: '',
  };
  for (const [what, text] of Object.entries(bad)) {
    it(`to a configuration with ${what} changes nothing`, async () => {
      const stream = await beginStream(bench, 'half');
      const told = bench.gateway.stderr.length;
      await bench.reload({ text });
      if (what !== 'nothing') assert.match(bench.gateway.stderr.slice(told), /"event":"config-refused"/);
      await endWell(bench, stream);
      await endWell(bench, await beginStream(bench, 'half'));
      await bench.reload({ routes });
    });
  }

  it('of an account to paused ends no stream and holds for the next request', async () => {
    const stream = await beginStream(bench, 'paused');
    const { id } = await bench.account('paused', 'a');
    await mutate('setAccountPaused(id: $id, paused: true)', { id });
    await bench.check({ model: 'paused' }, { status: 200, attempts: ['b OK 200'], isAmongOthers: true });
    await endWell(bench, stream);
    await mutate('setAccountPaused(id: $id, paused: false)', { id });
  });

  it('of an API key to disabled ends no stream and holds for the next request', async () => {
    const stream = await beginStream(bench, 'keyed');
    const { apiKeys } = await bench.gateway.query('{ apiKeys(search: "tests") { nodes { id } } }');
    const [key] = nodesOf(apiKeys);
    await mutate('updateApiKey(id: $id, input: { enabled: false })', { id: key?.id });
    const changedAtMs = performance.now();
    const expected = {
      outcome: 'REJECTED',
      errorCode: 'api-key-disabled',
      attempts: [],
      isOwnError: true,
      isAmongOthers: true,
    } as const;
    await bench.check({ model: 'keyed' }, { status: 403, ...expected });
    assert.ok(performance.now() - changedAtMs < EFFECT_MS);
    await endWell(bench, stream);
    await mutate('updateApiKey(id: $id, input: { enabled: true })', { id: key?.id });
    await bench.assertRowPerRequest();
  });

  async function mutate(call: string, variables: Record<string, unknown>): Promise<void> {
    const data = await bench.gateway.query(
      `mutation ($id: ID!) { it: ${call} { errors { message } } }`,
      variables,
    );
    assert.deepEqual(data.it, { errors: [] });
  }
});

describe('the end of a gateway with running streams', { skip: SKIP_REASON, concurrency: true }, () => {
  const SHUTDOWN_SECONDS = 5;
  let upstream: FaultUpstream;
  let folder: string;

  before(async () => {
    upstream = await FaultUpstream.listen();
    folder = await temporaryFolder();
  });
  after(async () => {
    await upstream?.close();
    await rm(folder, { recursive: true, force: true });
  });

  const open = (dataDir: string, shutdownSeconds = SHUTDOWN_SECONDS) =>
    FaultBench.open({
      upstream,
      dataDir,
      settings: { timeouts: { shutdownSeconds } },
      routes: Object.fromEntries(
        CHAT_SURFACES.map((surface) => [`half-${surface}`, { surface, hops: [['/half', 'a']] as const }]),
      ),
    });

  it('lets them end, tells the others in their own way, writes their rows and exits with 0', async () => {
    const dataDir = join(folder, 'ends');
    const bench = await open(dataDir);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    assert.equal(await readiness(bench.gateway.origin, agent), 200);
    const begin = async (surface: (typeof CHAT_SURFACES)[number]) => {
      const client = bench.ask({ model: `half-${surface}`, surface, stream: true });
      const call = await upstream.callWith(client.requestId);
      await eventually('the begun answer', () => call.sentBytes > 0);
      await client.received(call.sentBytes);
      return { client, call, surface };
    };
    const ending = await begin('anthropic-messages');
    const endless = await Promise.all(CHAT_SURFACES.map(begin));
    const toldAtMs = performance.now();
    bench.gateway.signal('SIGTERM');
    await eventually('not ready', async () => (await readiness(bench.gateway.origin, agent)) !== 200);
    await eventually(
      'closed doors',
      async () => (await readiness(bench.gateway.origin, new Agent())) === null,
    );
    ending.call.sendRest();
    const ended = await ending.client.reply();
    assert.deepEqual([ended.isClean, ended.body.toString()], [true, ending.call.sent.toString()]);
    for (const { client, call, surface } of endless) {
      assertInterruptedStream(surface, await client.reply(), call.sent);
    }
    assert.equal(await within('the exit', bench.gateway.exit()), 0);
    const tookMs = performance.now() - toldAtMs;
    assert.ok(tookMs > SHUTDOWN_SECONDS * 900 && tookMs < SHUTDOWN_SECONDS * 1000 + 15_000, `${tookMs} ms`);
    agent.destroy();
    bench.assertNoSecret(bench.gateway.stdout + bench.gateway.stderr);
    assert.doesNotMatch(bench.gateway.stderr, /unhandled|uncaught|TypeError/i);
    await bench.close();
    const again = await open(dataDir);
    const row = await again.settledRow(ending.client.requestId, ending.client.ask.model);
    assert.deepEqual([row.outcome, row.usageSource], ['OK', 'UPSTREAM']);
    for (const { client } of endless) {
      const { outcome, errorCode, attempts } = await again.settledRow(client.requestId, client.ask.model);
      const [attempt] = attemptsOf({ attempts });
      assert.deepEqual([outcome, errorCode, attempt?.outcome], ['FAILED', 'shutting-down', 'INTERRUPTED']);
    }
    await again.close();
  });

  it('comes at once with the second signal', async () => {
    const bench = await open(join(folder, 'impatient'), 30);
    const { client } = await beginStream(bench, 'half-anthropic-messages');
    bench.gateway.signal('SIGTERM');
    await eventually(
      'closed doors',
      async () => (await readiness(bench.gateway.origin, new Agent())) === null,
    );
    await new Promise((resolve) => setTimeout(resolve, 600));
    assert.ok(!bench.gateway.hasExited);
    bench.gateway.signal('SIGTERM');
    const toldAtMs = performance.now();
    await bench.gateway.exit();
    assert.ok(performance.now() - toldAtMs < 15_000);
    await client.reply();
    await bench.close();
  });
});

/** The status of /readyz over the agent's connection; null = no connection can be made. */
function readiness(origin: string, agent: Agent): Promise<number | null> {
  return new Promise((resolve) => {
    const asked = get(
      `${origin}/readyz`,
      { agent, headers: { authorization: `Bearer ${API_KEY}` } },
      (response) => {
        response.resume();
        response.on('end', () => resolve(response.statusCode ?? null));
      },
    );
    asked.on('error', () => resolve(null));
  });
}
