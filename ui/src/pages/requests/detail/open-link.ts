// Another request in the same drawer, over the same list.

import { withParams } from '../../../lib/place.ts';
import { route } from '../../../lib/route.svelte.ts';

export function linkTo(id: string): string {
  return route.path + withParams(route.params.toString(), { open: id });
}
