// Lets bindings go and tells in words how many.

import { refuseUserErrors, run } from '../../lib/graphql.ts';
import { tn } from '../../lib/i18n.svelte.ts';
import {
  type Binding,
  CLEAR_AFFINITY,
  CLEAR_ALL_AFFINITIES,
  CLEAR_PROVIDER_AFFINITIES,
  CLEAR_USER_AFFINITIES,
} from './queries.ts';

interface Cleared {
  clearedCount: number;
  errors: { code: string; message: string }[];
}

export async function clearOne(binding: Binding): Promise<string> {
  const { clearAffinity } = await run(CLEAR_AFFINITY, {
    apiKeyId: binding.apiKey?.id ?? '',
    endpointId: binding.endpoint.id,
    modelId: binding.model.id,
    surface: binding.surface,
  });
  return reportOf(clearAffinity);
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

function reportOf(cleared: Cleared): string {
  refuseUserErrors(cleared.errors);
  return tn('affinities.cleared', cleared.clearedCount);
}
