// A gateway under faults of every kind for minutes: does it leak, lose rows or stay busy? Exit code 1 when it does.

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Random } from '../../../server/demo/random.ts';
import { benchConfig, gatewayProgram, type RunningGateway, startGateway } from '../gateway-program.ts';
import { residentMbOf } from '../process-stats.ts';
import { percentile } from '../statistics.ts';
import { textTable } from '../text-table.ts';
import { API_KEY, MODEL, type SoakClients, startClients } from './soak-clients.ts';
import { complaints, type Outcome, outcomeText, type Sample, slopeMbPerMinute } from './soak-report.ts';
import { startSoakUpstream } from './soak-upstream.ts';

const HELP = `Runs the gateway against an upstream that fails in every way, with clients that go away, and looks for leaks.

Usage: bun test/bench/soak/main.ts [options]

  --minutes N      how long (10)
  --clients N      streams at once (200)
  --seed N         same number, same faults (1)
  --max-slope MB   growth of memory that is still well, in MB a minute over the second half (2)
  --program FILE   a compiled gateway; without it dist/warmpath if it is fresh, else the sources
  --help           this text

Exit code 1 when requests and log rows differ, something stays open or in flight, or memory grows faster.`;

const ACCOUNTS = 24;
const PRINT_MS = 30_000;
const SAMPLE_MS = 1_000;
const PROBE_MS = 100;
/** Idle connections to the upstream are kept for a few seconds, and logs are written a little later. */
const SETTLE_MS = 20_000;

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    'max-slope': { type: 'string', default: '2' },
    program: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else process.exitCode = await soak();

async function soak(): Promise<number> {
  const minutes = Number(values.minutes);
  const program = gatewayProgram(values.program ?? null);
  const folder = mkdtempSync(join(tmpdir(), 'warmpath soak '));
  const upstream = await startSoakUpstream();
  const gateway = await startGateway({ program, config: configFor(upstream.port), folder, cpu: null });
  try {
    console.log(`${program.description}; ${minutes} min, ${values.clients} clients, seed ${values.seed}`);
    const watch = new Watch(gateway);
    await watch.probe();
    const before = descriptorsOf(gateway);
    const random = new Random(Number(values.seed));
    const clients = startClients({
      clients: Number(values.clients),
      port: gateway.port,
      upstream,
      random: () => random.next(),
    });
    await watch.run({ clients, untilMs: performance.now() + minutes * 60_000 });
    await clients.finish();
    const outcome = await settle(gateway, { watch, clients, before });
    const wrong = complaints(outcome, Number(values['max-slope']));
    console.log(`\n${endsText(clients)}\n${outcomeText(outcome)}`);
    console.log(wrong.length === 0 ? 'All is well.' : wrong.map((text) => `NOT WELL: ${text}`).join('\n'));
    return wrong.length === 0 ? 0 : 1;
  } finally {
    await gateway.stop();
    await upstream.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Short limits, so that stalls end within the soak. */
function configFor(upstreamPort: number) {
  return {
    ...benchConfig({ upstreamPort, model: MODEL, apiKey: API_KEY, accounts: ACCOUNTS }),
    timeouts: { firstByteSeconds: 10, streamFirstByteSeconds: 10, streamGapSeconds: 5, queueSeconds: 5 },
  };
}

/** Samples memory and how long the gateway takes for the least of requests. */
class Watch {
  readonly samples: Sample[] = [];
  readonly #gateway: RunningGateway;
  #probesMs: number[] = [];

  constructor(gateway: RunningGateway) {
    this.#gateway = gateway;
  }

  async probe(): Promise<void> {
    const sentAtMs = performance.now();
    await (await fetch(`http://127.0.0.1:${this.#gateway.port}/livez`)).text();
    this.#probesMs.push(performance.now() - sentAtMs);
  }

  async run({ clients, untilMs }: { clients: SoakClients; untilMs: number }): Promise<void> {
    let printAtMs = Math.min(untilMs, performance.now() + PRINT_MS);
    let sampleAtMs = performance.now();
    const startedAtMs = performance.now();
    while (performance.now() < untilMs) {
      await this.probe();
      if (performance.now() >= sampleAtMs) {
        this.samples.push({ atMs: performance.now(), residentMb: residentMbOf(this.#gateway.child.pid) });
        sampleAtMs += SAMPLE_MS;
      }
      if (performance.now() >= printAtMs) {
        await this.#print(clients, performance.now() - startedAtMs);
        printAtMs += PRINT_MS;
      }
      await sleep(PROBE_MS);
    }
  }

  async #print({ counts }: SoakClients, elapsedMs: number): Promise<void> {
    const { rows } = await logOf(this.#gateway);
    const facts = [
      `${(elapsedMs / 1000).toFixed(0)} s`,
      `RSS ${this.samples.at(-1)?.residentMb.toFixed(0)} MB`,
      `fds ${descriptorsOf(this.#gateway)}`,
      `loop p50 ${percentile(this.#probesMs, 0.5)?.toFixed(1)} p99 ${percentile(this.#probesMs, 0.99)?.toFixed(1)} ms`,
      `requests ${counts.requests}`,
      `rows ${rows}`,
    ];
    this.#probesMs = [];
    console.log(facts.join(', '));
  }
}

/** Waits until nothing changes any more, or long enough. */
async function settle(
  gateway: RunningGateway,
  { watch, clients, before }: { watch: Watch; clients: SoakClients; before: number },
): Promise<Outcome> {
  const untilMs = performance.now() + SETTLE_MS;
  for (;;) {
    const outcome: Outcome = {
      requests: clients.counts.requests,
      ...(await logOf(gateway)),
      inFlight: await inFlightOf(gateway),
      descriptors: { before, after: descriptorsOf(gateway) },
      slopeMbPerMinute: slopeMbPerMinute(watch.samples),
    };
    const isSettled = complaints(outcome, Number.POSITIVE_INFINITY).length === 0;
    if (isSettled || performance.now() > untilMs) return outcome;
    await sleep(500);
  }
}

async function logOf(gateway: RunningGateway): Promise<{ rows: number; droppedRows: number }> {
  const data = await gateway.query(
    '{ requestLogs(first: 1) { totalCount } requestLogHealth { droppedRows } }',
  );
  return {
    rows: numberAt(data, 'requestLogs', 'totalCount'),
    droppedRows: numberAt(data, 'requestLogHealth', 'droppedRows'),
  };
}

async function inFlightOf(gateway: RunningGateway): Promise<number> {
  const data = await gateway.query('{ accounts(first: 100) { nodes { inFlight } } }');
  const { nodes } = Object(Reflect.get(Object(data), 'accounts'));
  if (!Array.isArray(nodes)) throw new Error('Cannot read the accounts: no nodes');
  return nodes.reduce((sum: number, node) => sum + numberAt({ node }, 'node', 'inFlight'), 0);
}

function numberAt(data: unknown, ...path: readonly string[]): number {
  const value = path.reduce((at, name) => Reflect.get(Object(at), name), data);
  const number = Number(value);
  if (value === undefined || !Number.isFinite(number))
    throw new Error(`Cannot read ${path.join('.')}: ${value}`);
  return number;
}

function descriptorsOf({ child }: RunningGateway): number {
  return readdirSync(`/proc/${child.pid}/fd`).length;
}

function endsText({ counts }: SoakClients): string {
  const ends = [...counts.ends].sort(([, a], [, b]) => b - a).map(([end, count]) => [end, String(count)]);
  return textTable([['for the client', 'requests'], ...ends]);
}
