// An admin API over a few bindings, for tests.

import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { type Bench, openBench } from './admin-bench.ts';
import { START_MS, sampleBinding, sampleRows } from './sample-rows.ts';

/** Bindings: two of ada's laptop, one of ada's CI, one of the robot elsewhere, one of nobody. */
export async function openBound(): Promise<Bench> {
  const bench = await openBench({ rows: sampleRows() });
  const elsewhere = {
    modelId: 'm2',
    surface: 'openai-chat',
    providerId: 'p2',
    endpointId: 'e2',
    accountId: 'a3',
  } as const;
  bench.affinity.restore([
    sampleBinding('laptop-1', { expiresAtMs: START_MS + 500, lastHitAtMs: START_MS - 1, requestCount: 9 }),
    sampleBinding('laptop-2', { expiresAtMs: START_MS + 400, accountId: 'a2', sessionId: 'Design Review' }),
    sampleBinding('ci', { expiresAtMs: START_MS + 300, apiKeyId: 'k2', sessionId: null }),
    sampleBinding('robot', { expiresAtMs: START_MS + 200, apiKeyId: 'k3', userId: null, ...elsewhere }),
    sampleBinding('nobody', {
      expiresAtMs: START_MS + 100,
      apiKeyId: null,
      userId: null,
      createdAtMs: START_MS + 1,
    }),
  ]);
  return bench;
}

export const keysOf = (bench: Bench) =>
  bench.affinity
    .list()
    .map(({ key }) => key)
    .sort();

/** The raw key of a binding behind its global id. */
export function idOf(node: { id: string }): string {
  return atob(node.id).replace('Affinity:', '');
}

/** A user of the sample rows, and the keys of the bindings of that user. */
export const ADA = encodeGlobalId('User', 'u1');
export const ADAS = ['laptop-1', 'laptop-2', 'ci'];
