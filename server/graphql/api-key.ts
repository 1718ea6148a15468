// API keys: what clients present to us. A secret is shown once, when its key is made.

import { uuidv7 } from 'uuidv7';
import { issueApiKey } from '../auth/api-keys.ts';
import type { Catalog } from '../gateway/catalog.ts';
import { type KeyState, keyStateOf, UNRESTRICTED } from '../gateway/key-restrictions.ts';
import type { ApiKey, Binding } from '../gateway/ports.ts';
import { findApiKey } from './affinity-view.ts';
import { type ApiKeyEntry, CreateApiKeyInput, checkApiKey, UpdateApiKeyInput } from './api-key-input.ts';
import { ApiKeyOrder, apiKeyOrder } from './api-key-order.ts';
import { ApiKeyUsageRef } from './api-key-usage.ts';
import { builder, VIEWER } from './builder.ts';
import { contains, copyOf, sameName } from './catalog-rows.ts';
import type { AdminContext } from './context.ts';
import { DeletePayload, deleteEntry } from './deletion.ts';
import { rawId } from './global-id.ts';
import { pageOf } from './page.ts';
import { pageArgs } from './page-args.ts';
import { ApiKeyRef, ModelRef, ProviderRef, UserRef } from './refs.ts';
import { SurfaceRef } from './surface.ts';
import { ERRORS, failure, notFound, payload, type UserError, UserErrorRef } from './user-error.ts';
import { apiKeyVersion, conflict, PRESENT, VERSION } from './version.ts';

const ApiKeyStateRef = builder.enumType('ApiKeyState', {
  description:
    'Whether an API key opens anything. Without `requireApiKey` a key that does not counts as none.',
  values: {
    ACTIVE: { value: 'active', description: 'It does.' },
    DISABLED: { value: 'disabled', description: 'Switched off, until it is switched on again.' },
    EXPIRED: { value: 'expired', description: 'Its time is over.' },
    REVOKED: { value: 'revoked', description: 'Taken back for good.' },
  } as const satisfies Record<string, { value: KeyState; description: string }>,
});

builder.node(ApiKeyRef, {
  description:
    'The secret a client presents. Callers without one (`requireApiKey: false`) appear under a built-in key named "anonymous".',
  authScopes: VIEWER,
  id: { resolve: ({ id }) => id },
  loadOne: (id, { parts }) => copyOf(findApiKey(parts.catalog.current, id)),
  fields: (t) => ({
    version: t.string({ description: VERSION, resolve: apiKeyVersion }),
    name: t.exposeString('name', { description: 'Unique, whatever the case.' }),
    masked: t.exposeString('masked', { description: 'First 4 and last 4 characters of the secret.' }),
    enabled: t.exposeBoolean('isEnabled', { description: 'A key that is not enabled is refused.' }),
    user: t.field({
      type: UserRef,
      nullable: true,
      description: 'Whose key it is; null = standalone.',
      resolve: ({ userId }, _args, { parts }) => parts.catalog.current.users.get(userId ?? '') ?? null,
    }),
    isStandalone: t.boolean({ description: 'Belongs to no user.', resolve: ({ userId }) => userId === null }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was made.',
      resolve: ({ createdAtMs }) => createdAtMs,
    }),
    state: t.field({
      type: ApiKeyStateRef,
      description: 'Whether it opens anything now.',
      resolve: (key, _args, { parts }) => keyStateOf(key, parts.clock.nowMs()),
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'It is refused from then on; null = never.',
      resolve: ({ expiresAtMs }) => expiresAtMs,
    }),
    revokedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was taken back for good; null = it was not.',
      resolve: ({ revokedAtMs }) => revokedAtMs,
    }),
    allowedModels: t.field({
      type: [ModelRef],
      nullable: true,
      description: 'Models it may ask for; null = all.',
      resolve: ({ allowedModelIds }, _args, { parts }) =>
        found(allowedModelIds, parts.catalog.current.models),
    }),
    allowedProviders: t.field({
      type: [ProviderRef],
      nullable: true,
      description: 'Providers it may be sent to; null = all.',
      resolve: ({ allowedProviderIds }, _args, { parts }) =>
        found(allowedProviderIds, parts.catalog.current.providers),
    }),
    allowedSurfaces: t.field({
      type: [SurfaceRef],
      nullable: true,
      description: 'API dialects it may use; null = all.',
      resolve: ({ allowedSurfaces }) => allowedSurfaces,
    }),
    allowedIps: t.exposeStringList('allowedIps', {
      nullable: true,
      description: 'Addresses and CIDR ranges it may be used from; null = anywhere.',
    }),
    requestsPerMinute: t.exposeInt('requestsPerMinute', {
      nullable: true,
      description: 'Requests that it may start in any 60 s; null = no limit.',
    }),
    tokensPerMinute: t.exposeInt('tokensPerMinute', {
      nullable: true,
      description:
        'Input and output tokens together. A request starts while the last 60 s and what is under way are below it; null = no limit.',
    }),
    maxConcurrent: t.exposeInt('maxConcurrent', {
      nullable: true,
      description: 'Requests at the same time; null = no limit.',
    }),
    budgetUsdPerDay: t.exposeFloat('budgetUsdPerDay', {
      nullable: true,
      description: 'USD per day, UTC. A request starts while less is spent; null = no limit.',
    }),
    budgetUsdPerMonth: t.exposeFloat('budgetUsdPerMonth', {
      nullable: true,
      description: 'USD per calendar month, UTC. A request starts while less is spent; null = no limit.',
    }),
    lastUsedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description:
        'When its latest request began, refused ones included; null = the request log has none of it.',
      resolve: ({ id }, _args, { parts }) => parts.keyUsage.look(id).lastUsedAtMs,
    }),
    usage: t.field({
      type: ApiKeyUsageRef,
      description: 'What it uses now.',
      resolve: ({ id }, _args, { parts }) => ({ ...parts.keyUsage.look(id), nowMs: parts.clock.nowMs() }),
    }),
  }),
});

const ApiKeyConnection = builder.connectionObject({ type: ApiKeyRef, name: 'ApiKeyConnection' });

interface ApiKeyShape {
  apiKey: ApiKey | null;
}

const ApiKeyPayload = builder.objectRef<ApiKeyShape & { errors: UserError[] }>('ApiKeyPayload').implement({
  description: 'Result of changing an API key.',
  authScopes: VIEWER,
  fields: (t) => ({
    apiKey: t.field({
      type: ApiKeyRef,
      nullable: true,
      description: PRESENT,
      resolve: ({ apiKey }) => apiKey,
    }),
    errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
  }),
});

interface NewApiKeyShape extends ApiKeyShape {
  secret: string | null;
}

const CreateApiKeyPayload = builder
  .objectRef<NewApiKeyShape & { errors: UserError[] }>('CreateApiKeyPayload')
  .implement({
    description: 'Result of making an API key.',
    authScopes: VIEWER,
    fields: (t) => ({
      apiKey: t.field({
        type: ApiKeyRef,
        nullable: true,
        description: 'Null when refused.',
        resolve: ({ apiKey }) => apiKey,
      }),
      secret: t.exposeString('secret', {
        nullable: true,
        description: 'The whole key. Here once: only its hash is kept.',
      }),
      errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
    }),
  });

builder.queryField('apiKeys', (t) =>
  t.field({
    type: ApiKeyConnection,
    description: 'API keys, by name unless another order is given.',
    args: {
      search: t.arg.string({
        description: 'Part of the key name, its masked form or the user name, whatever the case.',
      }),
      state: t.arg({ type: ApiKeyStateRef, description: 'Keys in this state only.' }),
      userId: t.arg.id({ description: 'Keys of this user only.' }),
      isStandalone: t.arg.boolean({ description: 'True: keys of nobody only; false: keys of users only.' }),
      orderBy: t.arg({ type: ApiKeyOrder, defaultValue: 'name' }),
      ...pageArgs(t),
    },
    resolve: (_root, { search, state, userId, isStandalone, orderBy, ...page }, { parts }) => {
      const { rows, users } = parts.catalog.current;
      const nowMs = parts.clock.nowMs();
      const found = rows.apiKeys.filter(
        (key) =>
          contains([key.name, key.masked, users.get(key.userId ?? '')?.username], search ?? '') &&
          (!state || keyStateOf(key, nowMs) === state) &&
          (!userId || key.userId === rawId('User', userId)) &&
          (typeof isStandalone !== 'boolean' || (key.userId === null) === isStandalone),
      );
      return pageOf(found, page, apiKeyOrder(orderBy ?? 'name', parts));
    },
  }),
);

builder.mutationFields((t) => ({
  createApiKey: t.field({
    type: CreateApiKeyPayload,
    description: 'Makes an API key. The secret is in the payload once and cannot be read again.',
    args: { input: t.arg({ type: CreateApiKeyInput, required: true }) },
    resolve: (_root, { input }, { desk, parts }) =>
      payload<NewApiKeyShape>({ apiKey: null, secret: null }, () =>
        desk.edit((catalog) => {
          const { secret, hash, masked } = issueApiKey();
          const { userId, ...entry } = input;
          const nowMs = parts.clock.nowMs();
          const key: ApiKey = {
            ...UNRESTRICTED,
            id: uuidv7(),
            name: '',
            hash,
            masked,
            userId: ownerId(catalog, userId ?? null),
            isEnabled: true,
            createdAtMs: nowMs,
          };
          const row = checkApiKey(key, entry, { catalog, nowMs });
          refuseTakenName(catalog, row);
          return { changes: [{ kind: 'put-api-key', row }], result: () => ({ apiKey: row, secret }) };
        }),
      ),
  }),
  updateApiKey: t.field({
    type: ApiKeyPayload,
    description: 'Changes an API key.',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateApiKeyInput, required: true }) },
    resolve: (_root, { id, input }, { desk, parts }) =>
      payload<ApiKeyShape>({ apiKey: null }, () =>
        desk.edit((catalog) => changeApiKey(input, { catalog, id, nowMs: parts.clock.nowMs() })),
      ),
  }),
  revokeApiKey: t.field({
    type: ApiKeyPayload,
    description:
      'Takes an API key back for good: it is refused from the next request on, and its affinities are forgotten. The key stays in the list, for what it did.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, context) =>
      payload<ApiKeyShape>({ apiKey: null }, () => revoke(rawId('ApiKey', id), context)),
  }),
  deleteApiKey: t.field({
    type: DeletePayload,
    description: 'Removes an API key, which is refused from then on, and forgets its affinities.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, args, context) =>
      deleteEntry(context, { typename: 'ApiKey', code: 'api-key-deleted' }, (catalog) => {
        const id = rawId('ApiKey', args.id);
        if (!catalog.apiKeys.has(id)) throw notFound('the API key', ['id']);
        return {
          id,
          changes: [{ kind: 'delete', table: 'api-key', id }],
          names: (binding) => binding.apiKeyId === id,
        };
      }),
  }),
}));

function changeApiKey(
  { userId, ...entry }: ApiKeyEntry & { userId?: string | null | undefined },
  { catalog, id, nowMs }: { catalog: Catalog; id: string; nowMs: number },
) {
  const key = catalog.apiKeys.get(rawId('ApiKey', id));
  if (!key) throw notFound('the API key', ['id']);
  const found = { what: `the API key "${key.name}"`, version: apiKeyVersion(key), given: entry.version };
  const refused = conflict(found, { apiKey: key });
  if (refused) return refused;
  const owned = { ...key, userId: userId === undefined ? key.userId : ownerId(catalog, userId) };
  const row = checkApiKey(owned, entry, { catalog, nowMs });
  refuseTakenName(catalog, row);
  return { changes: [{ kind: 'put-api-key' as const, row }], result: () => ({ apiKey: row }) };
}

/** A second time changes nothing: the first is when it ended. */
async function revoke(id: string, { desk, parts }: AdminContext): Promise<ApiKeyShape> {
  const forget = () => parts.affinity.clear((binding: Binding) => binding.apiKeyId === id, 'api-key-revoked');
  const result = await desk.edit<ApiKeyShape>((catalog) => {
    const key = catalog.apiKeys.get(id);
    if (!key) throw notFound('the API key', ['id']);
    forget();
    const row: ApiKey = { ...key, revokedAtMs: key.revokedAtMs ?? parts.clock.nowMs() };
    return { changes: [{ kind: 'put-api-key', row }], result: () => ({ apiKey: row }) };
  });
  // Again, because a request may have been bound in between.
  forget();
  return result;
}

/** Entries that were deleted since are not there to be shown; null stays null. */
function found<Row>(ids: readonly string[] | null, rows: ReadonlyMap<string, Row>): Row[] | null {
  return ids === null ? null : ids.flatMap((id) => rows.get(id) ?? []);
}

function refuseTakenName(catalog: Catalog, { id, name }: { id: string; name: string }): void {
  const isTaken = catalog.rows.apiKeys.some((other) => other.id !== id && sameName(other.name, name));
  if (isTaken)
    throw failure('name-taken', `Cannot name the API key "${name}": another has this name`, [
      'input',
      'name',
    ]);
}

function ownerId(catalog: Catalog, id: string | null): string | null {
  if (id === null) return null;
  const user = catalog.users.get(rawId('User', id));
  if (!user) throw notFound('the user', ['input', 'userId']);
  return user.id;
}
