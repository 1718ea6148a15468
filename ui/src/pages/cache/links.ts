// Links from the Cache screen to the requests behind a figure. Pure.

import type { Range } from '../../lib/period.ts';
import { PERIOD_NAMES, requestsLink } from '../../lib/request-filter.ts';
import type { Dimension, Group } from './figures.ts';

type Filters = Parameters<typeof requestsLink>[0];

/** The same period on the Requests screen, by its name where that screen has it. */
export function periodFilters({ name, fromMs, toMs }: Range): Filters {
  const known = PERIOD_NAMES.find((each) => each === name);
  if (known) return { period: known };
  return { from: new Date(fromMs).toISOString(), ...(toMs !== null && { to: new Date(toMs).toISOString() }) };
}

/** Null = the group is no row of the catalogue (any more), so there is nothing to filter by. */
export function groupLink(by: Dimension, { groupId, name }: Pick<Group, 'groupId' | 'name'>, range: Range) {
  if (groupId === null || (by === 'key' && name === null)) return null;
  return requestsLink({ ...periodFilters(range), [by]: by === 'key' ? name : groupId });
}
