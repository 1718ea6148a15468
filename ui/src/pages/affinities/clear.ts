// Lets bindings go and tells in words how many, and where their requests go next.

import { refuseUserErrors, run } from '../../lib/graphql.ts';
import { t, tn, tOr } from '../../lib/i18n.svelte.ts';
import { short } from './edits.svelte.ts';
import {
  type Binding,
  CLEAR_AFFINITIES,
  CLEAR_ALL_AFFINITIES,
  CLEAR_KEY_AFFINITIES,
  CLEAR_PROVIDER_AFFINITIES,
  CLEAR_USER_AFFINITIES,
  NEXT_ROUTE,
  POLICY,
} from './queries.ts';

interface Cleared {
  clearedCount: number;
  errors: { code: string; message: string }[];
}

/** As many as `clearAffinities` takes. */
const MAX_AT_ONCE = 1000;

const listeners = new Set<() => void>();

/** Calls `listener` after each clear that was made here; returns how to stop. */
export function onOwnClear(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export async function clearOne(binding: Binding): Promise<string> {
  const { clearAffinities } = await run(CLEAR_AFFINITIES, { ids: [binding.id] });
  return `${countOf(clearAffinities)} ${await whereNext(binding)}`;
}

export async function clearSome(ids: readonly string[]): Promise<string> {
  let clearedCount = 0;
  for (let from = 0; from < ids.length; from += MAX_AT_ONCE) {
    const { clearAffinities } = await run(CLEAR_AFFINITIES, { ids: ids.slice(from, from + MAX_AT_ONCE) });
    refuseUserErrors(clearAffinities.errors);
    clearedCount += clearAffinities.clearedCount;
  }
  return reportOf({ clearedCount, errors: [] });
}

/** Every session of its key, model and surface at its endpoint. */
export async function clearKey({ apiKey, endpoint, model, surface }: Binding): Promise<string> {
  const ids = { apiKeyId: apiKey.id, endpointId: endpoint.id, modelId: model.id, surface };
  return reportOf((await run(CLEAR_KEY_AFFINITIES, ids)).clearAffinity);
}

export async function clearUser(identifier: string): Promise<string> {
  return reportOf((await run(CLEAR_USER_AFFINITIES, { identifier })).clearUserAffinities);
}

export async function clearProvider(providerId: string): Promise<string> {
  return reportOf((await run(CLEAR_PROVIDER_AFFINITIES, { providerId })).clearProviderAffinities);
}

export async function clearAll(): Promise<string> {
  return reportOf((await run(CLEAR_ALL_AFFINITIES, {})).clearAllAffinities);
}

function countOf({ clearedCount, errors }: Cleared): string {
  refuseUserErrors(errors);
  for (const listener of listeners) listener();
  return tn('affinities.cleared', clearedCount);
}

async function reportOf(cleared: Cleared): Promise<string> {
  return `${countOf(cleared)} ${await byWhatNext()}`;
}

/** What the router would do with the session's next request now. It has been cleared, whether that can be told or not. */
async function whereNext({ surface, model, apiKey, sessionId }: Binding): Promise<string> {
  try {
    const input = { surface, model: model.name, apiKeyId: apiKey.id, sessionId };
    const { account } = (await run(NEXT_ROUTE, { input })).explainRoute;
    if (account) return t('affinities.next.account', { account: short(account.name) });
  } catch {
    // Said in general then.
  }
  return byWhatNext();
}

async function byWhatNext(): Promise<string> {
  try {
    const { scheduler } = (await run(POLICY, {})).affinityStats;
    const name = scheduler.toUpperCase().replaceAll('-', '_');
    return t('affinities.next.policy', { policy: tOr(`policy.${name}`, scheduler) });
  } catch {
    return t('affinities.next.any');
  }
}
