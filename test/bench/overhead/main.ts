// Measures what the gateway adds to a call: against a direct call and against a bare pass-through, in one run.

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { textTable } from '../text-table.ts';
import { API_KEY, MODEL } from './call.ts';
import { combine, type Measured, runClosedLoop } from './closed-loop.ts';
import { COLUMNS, TARGETS, type Target, workloadRows } from './report.ts';

const HELP = `Measures requests per second and latency through the gateway, a bare pass-through, and directly.

Usage: bun test/bench/overhead/main.ts [options]

  --clients N   clients, each with one request at a time (32)
  --seconds S   measured per workload and target (3); the whole run takes about 14 S
  --help        this text

Upstream, pass-through and gateway are processes of their own on loopback. Every workload is measured in two halves,
the second in reverse order. All of it shares one machine, so compare the columns of one run, never two runs.`;

const WARM_UP_MS = 300;
const WORKLOADS = [
  { name: '1 KB plain', bodyBytes: 1_000, isStreamed: false },
  { name: '1 KB SSE', bodyBytes: 1_000, isStreamed: true },
  { name: '50 KB plain', bodyBytes: 50_000, isStreamed: false },
  { name: '50 KB SSE', bodyBytes: 50_000, isStreamed: true },
] as const;
type Workload = (typeof WORKLOADS)[number];

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '32' },
    seconds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(HELP);
else await run(Number(values.clients), Number(values.seconds));

async function run(clients: number, seconds: number): Promise<void> {
  if (!(clients >= 1 && clients <= 1000 && seconds > 0 && seconds <= 60)) throw new Error(HELP);
  const processes: ChildProcess[] = [];
  try {
    const direct = await startServer('upstream', [], processes);
    const urls: Record<Target, string> = {
      direct,
      'pass-through': await startServer('pass-through', [direct], processes),
      gateway: await startServer('gateway', [direct], processes),
    };
    console.log(`${clients} clients, ${seconds} s per workload and target\n`);
    const rows = [COLUMNS];
    for (const workload of WORKLOADS) {
      rows.push(...workloadRows(workload.name, await measure(workload, { urls, clients, seconds })));
    }
    console.log(textTable(rows));
  } finally {
    for (const child of processes) child.stdin?.end();
  }
}

async function measure(
  workload: Workload,
  { urls, clients, seconds }: { urls: Record<Target, string>; clients: number; seconds: number },
): Promise<Map<Target, Measured>> {
  const results = new Map<Target, Measured>();
  const headers = {
    'content-type': 'application/json',
    'anthropic-version': '2023-06-01',
    'x-api-key': API_KEY,
  };
  for (const target of [...TARGETS, ...TARGETS.toReversed()]) {
    const half = await runClosedLoop({
      url: `${urls[target]}/v1/messages`,
      headers,
      body: (client) => bodyOf(workload, client),
      clients,
      warmUpMs: WARM_UP_MS,
      measureMs: (seconds * 1000) / 2,
    });
    const first = results.get(target);
    results.set(target, first ? combine(first, half) : half);
  }
  return results;
}

function bodyOf({ bodyBytes, isStreamed }: Workload, client: number): string {
  const body = (text: string) =>
    JSON.stringify({
      model: MODEL,
      max_tokens: 256,
      stream: isStreamed,
      messages: [{ role: 'user', content: [{ type: 'text', text: `client ${client} ${text}` }] }],
    });
  return body('x'.repeat(Math.max(0, bodyBytes - body('').length)));
}

/** Starts one of the servers and resolves to its URL once it listens. */
async function startServer(role: string, args: readonly string[], started: ChildProcess[]): Promise<string> {
  const script = fileURLToPath(new URL('./servers.ts', import.meta.url));
  const child = spawn(process.execPath, [script, role, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
  started.push(child);
  const port = await new Promise<number>((resolve, reject) => {
    child.stdout?.once('data', (line: Buffer) => resolve(Number(line.toString())));
    child.once('exit', (code) => reject(new Error(`Cannot start the ${role}: it ended with ${code}`)));
  });
  return `http://127.0.0.1:${port}`;
}
