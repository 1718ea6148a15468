// What an API key may see of the request log: its own rows.

import { GraphQLError } from 'graphql';
import type { RequestFilter } from '../gateway/ports.ts';
import type { Visitor } from './parts.ts';

/** The filter as this visitor may use it; throws when it asks for rows of others. */
export function ownFilter<Filter extends Pick<RequestFilter, 'apiKeyId' | 'userId'>>(
  { actor }: Visitor,
  filter: Filter,
): Filter {
  if (actor && actor.role !== 'own') return filter;
  const apiKeyId = actor?.apiKeyId ?? null;
  if (
    apiKeyId === null ||
    filter.userId !== undefined ||
    (filter.apiKeyId !== undefined && filter.apiKeyId !== apiKeyId)
  ) {
    throw new GraphQLError('Cannot answer: an API key reads its own rows only', {
      extensions: { code: 'FORBIDDEN', http: { status: 403 } },
    });
  }
  return { ...filter, apiKeyId };
}

/** Whether the visitor may see a row of this API key. */
export function maySee({ actor }: Visitor, { apiKeyId }: { apiKeyId: string | null }): boolean {
  if (actor && actor.role !== 'own') return true;
  return apiKeyId !== null && apiKeyId === actor?.apiKeyId;
}
