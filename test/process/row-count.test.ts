// Every request becomes exactly one row of the log, however it ends, with many of all kinds at the same time.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { type Asked, ask } from './clients.ts';
import { API_KEY, configAt, MODELS, writeConfig } from './config.ts';
import {
  GatewayProcess,
  isRecord,
  LAUNCHERS,
  type Launcher,
  SKIP_REASON,
  temporaryFolder,
} from './gateway-process.ts';
import { eventually } from './poll.ts';
import { answerAsAsked } from './replies.ts';
import { rowCount, rowsOf } from './rows.ts';
import { TestUpstream } from './test-upstream.ts';

const ROUNDS = 6;

interface Bench {
  gateway: GatewayProcess;
  upstream: TestUpstream;
}

/** Sends one request and waits for its end, whatever it is. `id` becomes the request id. */
type Send = (bench: Bench, id: string) => Promise<unknown>;

const KINDS: Record<string, { send: Send; outcome: RegExp }> = {
  whole: { send: asked({}), outcome: /^OK 200$/ },
  stream: { send: asked({ stream: true, session: 'shared' }), outcome: /^OK 200$/ },
  'whole-openai': { send: asked({ family: 'openai' }), outcome: /^OK 200$/ },
  'stream-openai': { send: asked({ family: 'openai', stream: true }), outcome: /^OK 200$/ },
  'no-key': { send: asked({ apiKey: null }), outcome: /^REJECTED 401$/ },
  'wrong-key': { send: asked({ apiKey: 'wp_unknown' }), outcome: /^REJECTED 401$/ },
  'unknown-model': { send: asked({ model: 'no-such-model' }), outcome: /^REJECTED 404$/ },
  'invalid-json': { send: asked({ body: '{"model":' }), outcome: /^REJECTED 400$/ },
  'empty-body': { send: asked({ body: '' }), outcome: /^REJECTED 400$/ },
  'refused-upstream': { send: asked({ scenario: 'bad-request' }), outcome: /^REJECTED 400$/ },
  'error-in-stream': {
    send: asked({ scenario: 'error-in-stream', stream: true, model: 'anthropic-fault-c' }),
    outcome: /^FAILED (200|429|503)$/,
  },
  // 502 when the break comes before the first generated event has been read.
  'broken-off': {
    send: asked({ scenario: 'broken-off', stream: true, model: 'anthropic-fault-c' }),
    outcome: /^FAILED (200|429|502|503)$/,
  },
  overloaded: {
    send: asked({ scenario: 'overloaded', model: 'anthropic-fault-a' }),
    outcome: /^FAILED (429|503|529)$/,
  },
  'rate-limited': {
    send: asked({ scenario: 'rate-limited', model: 'anthropic-fault-b' }),
    outcome: /^FAILED 429$/,
  },
  unauthorized: {
    send: asked({ scenario: 'unauthorized', model: 'anthropic-fault-d' }),
    outcome: /^FAILED 503$/,
  },
  'hang-up-in-stream': { send: hangUp('never-ending'), outcome: /^CLIENT_GONE 499$/ },
  'hang-up-before-head': { send: hangUp('silent'), outcome: /^CLIENT_GONE 499$/ },
  'half-sent': { send: halfSent, outcome: /^CLIENT_GONE 499$/ },
  models: { send: called('GET', '/v1/models'), outcome: /^OK 200$/ },
  'other-operation': { send: called('POST', '/v1/files'), outcome: /^REJECTED 404$/ },
  'other-method': { send: called('DELETE', '/v1/messages'), outcome: /^REJECTED 404$/ },
};

describe('the request log', { skip: SKIP_REASON }, () => {
  for (const launcher of LAUNCHERS) {
    it(`has one row for each request on ${launcher.name}`, { skip: launcher.missing ?? false }, () =>
      countsRows(launcher),
    );
  }
});

async function countsRows(launcher: Launcher): Promise<void> {
  const upstream = await TestUpstream.listen(answerAsAsked);
  const folder = await temporaryFolder();
  const config = await writeConfig(folder, configAt(upstream.origin));
  let gateway: GatewayProcess | null = null;
  try {
    gateway = await GatewayProcess.start({ launcher, config });
    await sendAll({ gateway, upstream });
    await checkRows(gateway);
  } finally {
    await gateway?.stop();
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function sendAll(bench: Bench): Promise<void> {
  const rounds = Array.from({ length: ROUNDS }, (_, round) => round);
  await Promise.all(
    rounds.flatMap((round) =>
      Object.entries(KINDS).map(([kind, { send }]) => send(bench, `${kind}.${round}`)),
    ),
  );
}

async function checkRows(gateway: GatewayProcess): Promise<void> {
  const expected = Object.keys(KINDS).length * ROUNDS;
  await eventually(`${expected} rows`, async () => (await rowCount(gateway)) >= expected);
  const rows = await rowsOf(gateway);
  const ids = rows.map(({ requestId }) => String(requestId)).sort();
  const sent = Object.keys(KINDS).flatMap((kind) =>
    Array.from({ length: ROUNDS }, (_, round) => `${kind}.${round}`),
  );
  assert.deepEqual(ids, sent.sort());
  for (const { requestId, outcome, status, errorCode } of rows) {
    const kind = String(requestId).split('.')[0] ?? '';
    assert.match(`${outcome} ${status}`, KINDS[kind]?.outcome ?? /^$/, `${requestId} (${errorCode})`);
  }
  const accountsOfSession = rows.flatMap(({ requestId, account }) =>
    String(requestId).startsWith('stream.') && isRecord(account) ? [account.name] : [],
  );
  assert.equal(accountsOfSession.length, ROUNDS);
  assert.equal(new Set(accountsOfSession).size, 1, 'one session on several accounts');
  const { accounts, requestLogHealth } = await gateway.query(
    '{ accounts(first: 200) { nodes { inFlight } } requestLogHealth { queuedRows droppedRows lastError } }',
  );
  assert.doesNotMatch(JSON.stringify(accounts), /"inFlight":[^0]/);
  assert.deepEqual(requestLogHealth, { queuedRows: 0, droppedRows: 0, lastError: null });
}

function asked(options: Asked): Send {
  return async ({ gateway }, id) => (await ask(gateway.origin, { ...options, marker: id })).text();
}

function called(method: string, path: string): Send {
  return async ({ gateway }, id) => {
    const headers = { authorization: `Bearer ${API_KEY}`, 'x-request-id': id };
    return (await fetch(gateway.origin + path, { method, headers })).text();
  };
}

function hangUp(scenario: 'never-ending' | 'silent'): Send {
  return async ({ gateway, upstream }, id) => {
    const abort = new AbortController();
    const { signal } = abort;
    const asking = ask(gateway.origin, { scenario, stream: true, marker: id, signal });
    const call = await upstream.callThatSays(id);
    if (scenario === 'never-ending') await (await asking).body?.getReader().read();
    abort.abort();
    await asking.catch(() => undefined);
    await eventually('the closed connection', () => call.isAbandoned);
  };
}

/** The head and a part of the body, then nothing any more. */
function halfSent({ gateway }: Bench, id: string): Promise<void> {
  const { hostname, port } = new URL(gateway.origin);
  const head = [
    'POST /v1/messages HTTP/1.1',
    `host: ${hostname}:${port}`,
    `authorization: Bearer ${API_KEY}`,
    `x-request-id: ${id}`,
    'content-type: application/json',
    'content-length: 1000',
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname);
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.write(`${head.join('\r\n')}\r\n\r\n{"model":"${MODELS.anthropic}"`, async () => {
      // The head has to be read before the connection ends: when one that came later is answered, it will be soon.
      await fetch(`${gateway.origin}/livez`).then(
        (response) => response.text(),
        () => undefined,
      );
      setTimeout(() => socket.destroy(), 1_000);
    });
  });
}
