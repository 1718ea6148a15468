// Clears single entries of the mapping cache: which one is under way, and a word about what was done.

import { SvelteSet } from 'svelte/reactivity';
import { asApiError, refuseUserErrors, run } from '../../lib/graphql.ts';
import { t, tn } from '../../lib/i18n.svelte.ts';
import { report } from '../../lib/toast.svelte.ts';
import { errorText } from '../../parts/error-text.ts';
import { type CachedPair, CLEAR_NAME, CLEAR_PAIR } from './queries.ts';

export class Clearing {
  /** Keys of the rows that are being cleared. */
  readonly busy = new SvelteSet<string>();
  readonly #reload: () => Promise<void>;

  constructor(reload: () => Promise<void>) {
    this.#reload = reload;
  }

  name(name: string): Promise<void> {
    return this.#clear(`name ${name}`, name, async () => {
      const { clearModelMapping } = await run(CLEAR_NAME, { name });
      refuseUserErrors(clearModelMapping.errors);
      return clearModelMapping.clearedCount;
    });
  }

  pair(pair: CachedPair): Promise<void> {
    const { providerId, globalModelId: modelId, providerName, globalModelName } = pair;
    return this.#clear(pairKey(pair), `${providerName} / ${globalModelName}`, async () => {
      const { clearProviderModelMapping } = await run(CLEAR_PAIR, { providerId, modelId });
      refuseUserErrors(clearProviderModelMapping.errors);
      return clearProviderModelMapping.clearedCount;
    });
  }

  async #clear(key: string, what: string, perform: () => Promise<number>): Promise<void> {
    this.busy.add(key);
    try {
      const count = await perform();
      // It may have run out by itself a moment ago.
      report(
        count === 0
          ? t('models.cleared.none')
          : t('models.cleared.what', { entries: tn('models.cleared', count), what: what.slice(0, 60) }),
      );
      await this.#reload();
    } catch (failure) {
      report(errorText(asApiError(failure)), 'failed');
    } finally {
      this.busy.delete(key);
    }
  }
}

export function pairKey({
  providerId,
  globalModelId,
}: Pick<CachedPair, 'providerId' | 'globalModelId'>): string {
  return `pair ${providerId} ${globalModelId}`;
}
