// What is looked up when metrics are asked for: accounts, bindings, requests under way, the log, the program.

import type { AffinityTable } from '../gateway/affinity.ts';
import type { Catalog } from '../gateway/catalog.ts';
import type { Exchange } from '../gateway/exchange.ts';
import type { AccountCondition, HealthTable } from '../gateway/health.ts';
import type { Slots } from '../gateway/limits.ts';
import type { RequestLog } from '../gateway/log-queries.ts';
import { type Family, FOLDED, type NumberPoint, readFamily, readValue } from './metric-family.ts';

/** Accounts shown one by one; further ones are counted together under "other". */
const MAX_ACCOUNTS = 200;
const STATES = [
  'available',
  'cooling-down',
  'ejected',
  'half-open',
  'disabled',
  'paused',
] as const satisfies readonly AccountCondition['state'][];

export interface ProgramFacts {
  startedAtMs: number;
  residentBytes(): number;
  /** User and system time since the start. */
  cpuSeconds(): number;
}

export interface StateParts {
  catalog(): Pick<Catalog, 'rows' | 'providers'>;
  affinity: Pick<AffinityTable, 'list'>;
  health: Pick<HealthTable, 'condition'>;
  slots: Pick<Slots, 'inFlight'>;
  open: ReadonlySet<Pick<Exchange, 'row' | 'interrupt'>>;
  log: Pick<RequestLog, 'health'>;
  build: { version: string; commit: string | null; runtime: string };
  program: ProgramFacts;
}

export function stateFamilies(parts: StateParts): Family[] {
  const { affinity, open, log } = parts;
  return [
    readFamily(
      'gauge',
      {
        name: 'warmpath_account_state',
        help: '1 for the state that an account is in, 0 for the others; account "other" counts accounts.',
        labels: ['provider', 'account', 'state'],
      },
      () => accountStates(parts),
    ),
    readFamily(
      'gauge',
      {
        name: 'warmpath_account_requests_in_flight',
        help: 'Requests that an account is working on now.',
        labels: ['provider', 'account'],
      },
      () => accountLoads(parts),
    ),
    readValue(
      'gauge',
      { name: 'warmpath_bindings', help: 'Live bindings of sessions to accounts.' },
      () => affinity.list().length,
    ),
    readValue('gauge', { name: 'warmpath_requests_in_flight', help: 'Requests under way.' }, () => open.size),
    readValue('gauge', { name: 'warmpath_streams_in_flight', help: 'Replies being streamed now.' }, () =>
      streams(open),
    ),
    readValue(
      'counter',
      { name: 'warmpath_log_dropped', help: 'Rows of the request log that could not be kept.' },
      () => log.health().droppedRows,
    ),
    readValue(
      'gauge',
      { name: 'warmpath_log_queued_rows', help: 'Rows of the request log that wait to be written.' },
      () => log.health().queuedRows,
    ),
    ...programFamilies(parts),
  ];
}

/** `process_…` are the names every Prometheus client uses. */
function programFamilies({ build, program }: StateParts): Family[] {
  const facts = [build.version, build.commit ?? '', build.runtime];
  return [
    readFamily(
      'info',
      {
        name: 'warmpath_build',
        help: 'The running program; always 1.',
        labels: ['version', 'commit', 'runtime'],
      },
      () => [{ labels: facts, value: 1 }],
    ),
    readValue(
      'gauge',
      { name: 'process_start_time_seconds', help: 'When the process started, since the Unix epoch.' },
      () => program.startedAtMs / 1000,
    ),
    readValue(
      'gauge',
      { name: 'process_resident_memory_bytes', help: 'Resident memory of the process.' },
      () => program.residentBytes(),
    ),
    readValue(
      'counter',
      { name: 'process_cpu_seconds', help: 'User and system CPU time that the process has used.' },
      () => program.cpuSeconds(),
    ),
  ];
}

function accountStates({ catalog, health }: StateParts): NumberPoint[] {
  const { rows, providers } = catalog();
  const points: NumberPoint[] = [];
  const folded = new Map<string, NumberPoint>();
  rows.accounts.forEach((account, index) => {
    const provider = providers.get(account.providerId)?.name ?? '';
    const { state } = health.condition(account);
    if (index < MAX_ACCOUNTS) {
      for (const each of STATES)
        points.push({ labels: [provider, account.name, each], value: each === state ? 1 : 0 });
      return;
    }
    const key = `${provider}\0${state}`;
    const { value } = folded.get(key) ?? { value: 0 };
    folded.set(key, { labels: [provider, FOLDED, state], value: value + 1 });
  });
  return [...points, ...folded.values()];
}

function accountLoads({ catalog, slots }: StateParts): NumberPoint[] {
  const { rows, providers } = catalog();
  return rows.accounts.slice(0, MAX_ACCOUNTS).map(({ id, name, providerId }) => ({
    labels: [providers.get(providerId)?.name ?? '', name],
    value: slots.inFlight(id),
  }));
}

/** A reply that has begun can be interrupted. */
function streams(open: StateParts['open']): number {
  let count = 0;
  for (const { row, interrupt } of open) if (row.isStreamed && interrupt !== null) count += 1;
  return count;
}
