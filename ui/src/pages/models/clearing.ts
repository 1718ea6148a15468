// Forgets entries of the mapping cache and tells how many.

import { refuseUserErrors, run } from '../../lib/graphql.ts';
import { t, tn } from '../../lib/i18n.svelte.ts';
import { type CachedPair, CLEAR_ALL, CLEAR_NAME, CLEAR_PAIR } from './queries.ts';

/** One entry that somebody wants forgotten. */
export interface Clearing {
  what: string;
  perform: () => Promise<string>;
}

export function nameClearing(name: string): Clearing {
  return clearing(name, async () => (await run(CLEAR_NAME, { name })).clearModelMapping);
}

export function pairClearing({
  providerId,
  globalModelId: modelId,
  providerName,
  globalModelName,
}: CachedPair): Clearing {
  return clearing(
    `${providerName} / ${globalModelName}`,
    async () => (await run(CLEAR_PAIR, { providerId, modelId })).clearProviderModelMapping,
  );
}

export async function clearAll(): Promise<string> {
  const { clearModelMappingCache } = await run(CLEAR_ALL, {});
  refuseUserErrors(clearModelMappingCache.errors);
  return tn('models.cleared', clearModelMappingCache.clearedCount);
}

interface Cleared {
  clearedCount: number;
  errors: readonly { code: string; message: string }[];
}

function clearing(what: string, clear: () => Promise<Cleared>): Clearing {
  return {
    what: what.slice(0, 200),
    perform: async () => {
      const { clearedCount, errors } = await clear();
      refuseUserErrors(errors);
      // It may have run out by itself a moment ago.
      if (clearedCount === 0) return t('models.cleared.none');
      return t('models.cleared.what', {
        entries: tn('models.cleared', clearedCount),
        what: what.slice(0, 60),
      });
    },
  };
}
