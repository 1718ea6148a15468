// A gateway process in front of the fault upstream, and what every case has to hold whatever its fault.

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import process from 'node:process';
import { API_KEY, CREDENTIAL, writeConfig } from '../process/config.ts';
import {
  ADMIN_TOKEN,
  GatewayProcess,
  isRecord,
  LAUNCHERS,
  type Launcher,
  temporaryFolder,
} from '../process/gateway-process.ts';
import { eventually } from '../process/poll.ts';
import { rowCount } from '../process/rows.ts';
import { type Ask, ClientCall, type Reply } from './client-call.ts';
import { FaultUpstream } from './fault-upstream.ts';
import { assertOwnError } from './native-errors.ts';
import type { UpstreamCall } from './upstream-call.ts';

/** The runtime under test: the one of the programs as shipped, or another one on request. */
const LAUNCHER = LAUNCHERS.find(({ name }) => name === (process.env.FAULTS_ON ?? 'bun'));

/** Base URL (a path of the fault upstream, or a whole URL) and the accounts there, the first tried first. */
export type Hop = readonly [at: string, ...accounts: string[]];

/** A model and where it is served: each hop is a provider of its own, tried in this order. */
export interface Route {
  surface?: string;
  hops: readonly Hop[];
  /** Fields of its accounts. */
  account?: Record<string, unknown>;
  /** Other models that the same accounts serve. */
  alsoServes?: readonly string[];
}

export interface BenchOptions {
  routes: Record<string, readonly Hop[] | Route>;
  /** Keys of the configuration file. */
  settings?: Record<string, unknown>;
  dataDir?: string;
  launcher?: Launcher;
  env?: Record<string, string>;
  /** An upstream that runs already and is left running. */
  upstream?: FaultUpstream;
}

/** What the request log must say of a case. */
export interface Expected {
  status: number;
  outcome?: 'OK' | 'REJECTED' | 'FAILED' | 'CLIENT_GONE';
  errorCode?: string | null;
  /** Each `account OUTCOME status`, such as `a RETRYABLE 500`; `-` for no status. */
  attempts: readonly string[];
  /** The reply is an error of the gateway itself, in the caller's own shape. */
  isOwnError?: boolean;
  /** Other requests are under way at its accounts and stay there. */
  isAmongOthers?: boolean;
}

export type Row = Record<string, unknown>;

export interface Checked {
  reply: Reply;
  row: Row;
  /** What arrived at the upstream, in order. */
  calls: UpstreamCall[];
}

const ROW_FIELDS = `
  id requestId status outcome errorCode errorMessage streamed requestedModel surface sessionId affinity affinityReason
  inputTokens outputTokens cacheReadTokens cacheWriteTokens usageSource usageFlags costUsd savedUsd credits
  latencyMs queueMs timeToFirstTokenMs startedAt finishedAt
  account { name }
  attempts { accountName status outcome reason fault isPossibleDuplicate startedAt firstByteMs durationMs }`;

/** Starting weights: the first hop of a route is chosen before the second, the second before the third. */
const WEIGHTS = [1000, 30, 1];

export class FaultBench {
  readonly upstream: FaultUpstream;
  readonly gateway: GatewayProcess;
  readonly #options: BenchOptions;
  readonly #folder: string;
  readonly #config: string;
  /** Still open when a test has failed. */
  readonly #open = new Set<ClientCall>();
  #askedCount = 0;
  /** What one test has complained about is not the next one's matter. */
  #seenOutput = 0;

  private constructor(
    parts: Pick<FaultBench, 'upstream' | 'gateway'>,
    own: { options: BenchOptions; folder: string; config: string },
  ) {
    this.upstream = parts.upstream;
    this.gateway = parts.gateway;
    this.#options = own.options;
    this.#folder = own.folder;
    this.#config = own.config;
  }

  static async open(options: BenchOptions): Promise<FaultBench> {
    const upstream = options.upstream ?? (await FaultUpstream.listen());
    const folder = await temporaryFolder();
    try {
      const config = await writeConfig(folder, configOf(options, upstream));
      const launcher = options.launcher ?? LAUNCHER;
      const gateway = await GatewayProcess.start({
        config,
        ...(launcher ? { launcher } : {}),
        ...(options.env ? { env: options.env } : {}),
        ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
      });
      return new FaultBench({ upstream, gateway }, { options, folder, config });
    } catch (error) {
      if (!options.upstream) await upstream.close();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const call of this.#open) call.hangUp();
    await this.gateway.stop();
    if (!this.#options.upstream) await this.upstream.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Writes the configuration anew and has the gateway read it. */
  async reload(changed: Partial<BenchOptions> | { text: string }): Promise<void> {
    const next = 'text' in changed ? changed.text : configOf({ ...this.#options, ...changed }, this.upstream);
    await writeConfig(this.#folder, next);
    const told = this.gateway.stderr.length;
    this.gateway.signal('SIGHUP');
    await eventually('the answer to SIGHUP', () =>
      /"event":"config-(applied|refused)"/.test(this.gateway.stderr.slice(told)),
    );
  }

  get configFile(): string {
    return this.#config;
  }

  /** Begins a request. */
  ask(ask: Ask): ClientCall {
    this.#askedCount += 1;
    const call = new ClientCall(this.gateway.origin, ask);
    this.#open.add(call);
    return call;
  }

  /** A request that was sent by other means will have a row as well. */
  countRequest(): void {
    this.#askedCount += 1;
  }

  /** Sends a request, waits for the end, and checks what every case has to hold. */
  check(ask: Ask, expected: Expected): Promise<Checked> {
    return this.checkCall(this.ask(ask), expected);
  }

  async checkCall(call: ClientCall, expected: Expected): Promise<Checked> {
    const reply = await call.reply();
    const row = await this.settledRow(call.requestId, call.ask.model, expected);
    assertRow(row, expected);
    if (expected.status !== 499) {
      assert.equal(reply.status, expected.status, `status of the reply: ${reply.body.subarray(0, 500)}`);
      assert.equal(reply.headers['x-request-id'], call.requestId);
      assert.ok(reply.isClean, 'the reply ended by a broken connection');
    }
    if (expected.isOwnError) assertOwnError(call.surface, reply, call.requestId);
    this.assertNoSecret(JSON.stringify(reply.headers) + reply.body.toString('latin1'));
    this.assertHealthyProcess();
    return { reply, row, calls: this.upstream.callsWith(call.requestId) };
  }

  /** The one row of a request, once it is written and no account of the model has a request in flight. */
  async settledRow(
    requestId: string,
    model: string,
    { isAmongOthers = false }: { isAmongOthers?: boolean } = {},
  ): Promise<Row> {
    const query = `query ($requestId: String!, $model: String!) {
      requestLogs(first: 5, filter: { search: $requestId }) { totalCount nodes { ${ROW_FIELDS} } }
      accounts(first: 200, filter: { search: $model }) { nodes { name stateReason inFlight provider { name } } }
    }`;
    return eventually(`the row of ${requestId} and its accounts at rest`, async () => {
      const data = await this.gateway.query(query, { requestId, model });
      const [row] = nodesOf(data.requestLogs);
      if (!row) return null;
      if (!isAmongOthers && accountsOf(data, model).some(({ inFlight }) => inFlight !== 0)) return null;
      assert.equal(isRecord(data.requestLogs) && data.requestLogs.totalCount, 1, 'rows of the request');
      this.assertNoSecret(JSON.stringify(data));
      return row;
    });
  }

  /** The account as the admin API shows it now. */
  async account(model: string, name: string): Promise<Row> {
    const data = await this.gateway.query(
      `query ($model: String!) {
        accounts(first: 200, filter: { search: $model }) {
          nodes {
            id name state stateReason cooldownUntil inFlight
            provider { name } rateLimits { name utilization status }
          }
        }
      }`,
      { model },
    );
    const found = accountsOf(data, model).find((node) => node.name === name);
    return found ?? assert.fail(`Cannot find account ${name} of ${model}: not listed`);
  }

  async state(model: string, name: string): Promise<unknown> {
    return (await this.account(model, name)).state;
  }

  assertNoSecret(text: string): void {
    for (const secret of [CREDENTIAL, API_KEY, ADMIN_TOKEN]) {
      assert.ok(!text.includes(secret), `a secret is in: ${text.slice(0, 2_000)}`);
    }
  }

  /** Nothing in the process's output that tells of a fault of its own, and no secret. */
  assertHealthyProcess(): void {
    const output = this.gateway.stdout + this.gateway.stderr.slice(this.#seenOutput);
    this.#seenOutput = this.gateway.stderr.length;
    assert.doesNotMatch(output, /unhandled|uncaught|gateway-fault|TypeError|RangeError|panic:/i);
    this.assertNoSecret(output);
    assert.ok(!this.gateway.hasExited, `the process has ended: ${output}`);
  }

  /** To be called when all has been asked: no request has lost its row, none has two. */
  async assertRowPerRequest(): Promise<void> {
    await eventually(
      `${this.#askedCount} rows`,
      async () => (await rowCount(this.gateway)) >= this.#askedCount,
    );
    assert.equal(await rowCount(this.gateway), this.#askedCount);
  }
}

export function nodesOf(connection: unknown): Row[] {
  return isRecord(connection) && Array.isArray(connection.nodes) ? connection.nodes.filter(isRecord) : [];
}

/** Accounts of the providers of exactly this model; a search finds longer names as well. */
function accountsOf(data: Row, model: string): Row[] {
  return nodesOf(data.accounts).filter(
    ({ provider }) => isRecord(provider) && String(provider.name).replace(/ \d+$/, '') === model,
  );
}

export function attemptsOf(row: Row): Row[] {
  return Array.isArray(row.attempts) ? row.attempts.filter(isRecord) : [];
}

function assertRow(row: Row, expected: Expected): void {
  const attempts = attemptsOf(row).map(
    ({ accountName, outcome, status }) => `${accountName} ${outcome} ${status ?? '-'}`,
  );
  const about = JSON.stringify(row, null, 1);
  assert.deepEqual(attempts, expected.attempts, about);
  const seen = { status: row.status, outcome: row.outcome };
  assert.deepEqual(
    seen,
    { status: expected.status, outcome: expected.outcome ?? outcomeOf(expected.status) },
    about,
  );
  if (expected.errorCode !== undefined) assert.equal(row.errorCode, expected.errorCode, about);
  for (const ms of [row.latencyMs, row.queueMs, ...attemptsOf(row).map(({ durationMs }) => durationMs)]) {
    assert.ok(typeof ms === 'number' && ms >= 0 && ms < 600_000, `a time out of bounds: ${about}`);
  }
}

function outcomeOf(status: number): string {
  return status === 200 ? 'OK' : 'FAILED';
}

function configOf({ routes, settings }: BenchOptions, upstream: FaultUpstream): Record<string, unknown> {
  const providers = Object.entries(routes).flatMap(([model, route]) => {
    const { hops, surface = 'anthropic-messages', account, alsoServes = [] } = asRoute(route);
    return hops.map(([at, ...accounts], index) => ({
      name: `${model} ${index}`,
      allowPrivateNetwork: true,
      endpoints: [{ name: 'main', surface, baseUrl: at.startsWith('/') ? upstream.origin + at : at }],
      accounts: accounts.map((name, place) => ({
        name,
        credential: `${CREDENTIAL}-${model}-${name}`,
        weight: WEIGHTS[Math.min(index + place, 2)],
        ...account,
      })),
      models: [model, ...alsoServes].map((name) => ({ model: name })),
    }));
  });
  return {
    requireApiKey: true,
    // What a provider's refusal looks like is to be seen at once.
    routing: { maxWaitSeconds: 0 },
    // Else the next request goes to the account that answered the one before.
    affinity: { enabled: false },
    users: [{ username: 'ada' }],
    apiKeys: [{ name: 'tests', key: API_KEY, user: 'ada' }],
    ...settings,
    providers,
  };
}

function asRoute(route: readonly Hop[] | Route): Route {
  return 'hops' in route ? route : { hops: route };
}
