// Present names of what audit entries name by id.

import type { ResultOf } from '../../lib/graphql.ts';
import type { NAMES } from './queries.ts';
import type { Subject } from './subject.ts';

export type Names = ReadonlyMap<string, string>;

export function namesOf(found: ResultOf<typeof NAMES>): Names {
  const { accounts, providers, apiKeys, models, users } = found;
  const named = [accounts, providers, apiKeys, models].flatMap(({ nodes }) => nodes);
  return new Map([
    ...named.map(({ id, name }): [string, string] => [id, name]),
    ...users.nodes.map(({ id, username }): [string, string] => [id, username]),
  ]);
}

/** Null when neither a name nor an id is known. */
export function nameOf({ id, name }: Subject, names: Names | null): string | null {
  return names?.get(id ?? '') ?? name ?? id;
}
