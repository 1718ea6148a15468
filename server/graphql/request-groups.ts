// The request log told apart by one thing: the same figures for each key, user, model, account …

import type { Catalog } from '../gateway/catalog.ts';
import type { RequestDimension, RequestGroup } from '../gateway/log-queries.ts';
import { badInput, builder, VIEWER } from './builder.ts';
import { encodeGlobalId, rawId } from './global-id.ts';
import { RequestFiguresRef } from './request-figures.ts';
import { RequestLogFilter, requestFilter } from './request-filter-input.ts';

const MAX_GROUPS = 200;

const RequestDimensionRef = builder.enumType('RequestDimension', {
  description: 'By what requests are told apart.',
  values: {
    API_KEY: { value: 'api-key', description: 'API key that asked.' },
    USER: { value: 'user', description: 'User whose API key asked.' },
    MODEL: { value: 'model', description: 'Model that was asked for.' },
    ACCOUNT: { value: 'account', description: 'Account that answered.' },
    PROVIDER: { value: 'provider', description: 'Provider that answered.' },
    SURFACE: { value: 'surface', description: 'API dialect.' },
    OUTCOME: { value: 'outcome', description: 'How it ended.' },
    AFFINITY: { value: 'affinity', description: 'What the routing did with the binding.' },
  } as const,
});

/** Dimensions whose values are rows of the catalogue: their type in the schema, and the name of one. */
const ENTITIES: {
  [By in RequestDimension]?: { type: string; nameOf(catalog: Catalog, id: string): string | undefined };
} = {
  'api-key': { type: 'ApiKey', nameOf: ({ apiKeys }, id) => apiKeys.get(id)?.name },
  user: { type: 'User', nameOf: ({ users }, id) => users.get(id)?.username },
  model: { type: 'Model', nameOf: ({ models }, id) => models.get(id)?.name },
  account: { type: 'Account', nameOf: ({ accounts }, id) => accounts.get(id)?.name },
  provider: { type: 'Provider', nameOf: ({ providers }, id) => providers.get(id)?.name },
};

const RequestGroupRef = builder.objectRef<RequestGroup & { by: RequestDimension }>('RequestGroup').implement({
  description: 'Figures over the requests that have one value in common.',
  authScopes: VIEWER,
  interfaces: [RequestFiguresRef],
  fields: (t) => ({
    groupId: t.id({
      nullable: true,
      description:
        'Global id of the API key, user, model, account or provider; for other dimensions the value as in the enum of its name. Null = the requests that have none.',
      resolve: ({ id, by }) => (id === null ? null : publicId(by, id)),
    }),
    name: t.string({
      nullable: true,
      description: 'For people; null when there is none or it has been deleted since.',
      resolve: ({ id, by }, _args, { parts }) => {
        const entity = ENTITIES[by];
        if (id === null || !entity) return id === null ? null : publicId(by, id);
        return entity.nameOf(parts.catalog.current, id) ?? null;
      },
    }),
  }),
});

function publicId(by: RequestDimension, id: string): string {
  const entity = ENTITIES[by];
  return entity ? encodeGlobalId(entity.type, id) : id.toUpperCase().replaceAll('-', '_');
}

builder.queryField('requestGroups', (t) =>
  t.field({
    type: [RequestGroupRef],
    description: 'Figures for each group of requests, most requests first.',
    args: {
      filter: t.arg({ type: RequestLogFilter }),
      by: t.arg({ type: RequestDimensionRef, required: true, description: 'What makes a group.' }),
      groupIds: t.arg({
        type: ['ID'],
        required: { list: false, items: false },
        description: `Only these groups, by their \`groupId\` (null: the requests that have none), ${MAX_GROUPS} at most; absent = all.`,
      }),
      first: t.arg.int({ defaultValue: 50, description: `At most so many groups, up to ${MAX_GROUPS}.` }),
    },
    resolve: async (_root, { filter, by, groupIds, first }, { parts }) => {
      const limit = first ?? 50;
      if (limit < 1 || limit > MAX_GROUPS) {
        throw badInput(`Cannot list groups: first must be 1 to ${MAX_GROUPS}`);
      }
      if (groupIds && groupIds.length > MAX_GROUPS) {
        throw badInput(`Cannot list ${groupIds.length} groups: at most ${MAX_GROUPS} can be asked for`);
      }
      const all = await parts.log.groups(requestFilter(filter), by);
      const groups = groupIds ? withIds(all, by, groupIds) : all;
      return groups.slice(0, limit).map((group) => ({ ...group, by }));
    },
  }),
);

/** Ids may be global or bare. */
function withIds(groups: RequestGroup[], by: RequestDimension, ids: readonly (string | null | undefined)[]) {
  const entity = ENTITIES[by];
  const wanted = new Set(ids.map((id) => (id == null ? null : entity ? rawId(entity.type, id) : id)));
  return groups.filter(({ id }) => wanted.has(id === null || entity ? id : publicId(by, id)));
}
