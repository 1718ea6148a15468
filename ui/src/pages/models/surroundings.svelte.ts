// What both tabs and the drawer know besides the models: providers, what is amiss, and the use of the last 7 days.

import { run } from '../../lib/graphql.ts';
import { followUses } from '../../lib/group-uses.svelte.ts';
import { fetchOnce } from '../../lib/resource.svelte.ts';
import { route } from '../../lib/route.svelte.ts';
import { MODEL_SURROUNDINGS } from './queries.ts';

export const USE_PERIOD = '7d';

export type Around = ReturnType<typeof openSurroundings>;

export function openSurroundings() {
  const facts = fetchOnce(() => run(MODEL_SURROUNDINGS, {}));
  let listed = $state.raw<readonly string[]>([]);
  // Requests without a model are told of above the list.
  const use = followUses('MODEL', () => {
    const open = route.param('open');
    return [null, ...listed, ...(open === null ? [] : [open])];
  });
  return {
    facts,
    use,
    /** Of these the use is wanted. */
    list: (models: readonly { id: string }[]): void => {
      listed = models.map(({ id }) => id);
    },
  };
}
