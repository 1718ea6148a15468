// API keys: what clients present to us. A secret is shown once, when its key is made.

import { uuidv7 } from 'uuidv7';
import * as v from 'valibot';
import { issueApiKey } from '../auth/api-keys.ts';
import type { Catalog } from '../gateway/catalog.ts';
import type { ApiKey } from '../gateway/ports.ts';
import { findApiKey } from './affinity-view.ts';
import { ADMIN, builder } from './builder.ts';
import { contains, copyOf, sameName } from './catalog-rows.ts';
import { DeletePayload, deleteEntry } from './deletion.ts';
import { checkInput, nameField, switchField } from './fields.ts';
import { rawId } from './global-id.ts';
import { pageOf } from './page.ts';
import { pageArgs } from './page-args.ts';
import { ApiKeyRef, UserRef } from './refs.ts';
import { ERRORS, failure, notFound, payload, type UserError, UserErrorRef } from './user-error.ts';

builder.node(ApiKeyRef, {
  description:
    'The secret a client presents. Callers without one (`requireApiKey: false`) appear under a built-in key named "anonymous".',
  authScopes: ADMIN,
  id: { resolve: ({ id }) => id },
  loadOne: (id, { parts }) => copyOf(findApiKey(parts.catalog.current, id)),
  fields: (t) => ({
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
  }),
});

const ApiKeyConnection = builder.connectionObject({ type: ApiKeyRef, name: 'ApiKeyConnection' });

interface ApiKeyShape {
  apiKey: ApiKey | null;
}

const ApiKeyPayload = builder.objectRef<ApiKeyShape & { errors: UserError[] }>('ApiKeyPayload').implement({
  description: 'Result of changing an API key.',
  authScopes: ADMIN,
  fields: (t) => ({
    apiKey: t.field({
      type: ApiKeyRef,
      nullable: true,
      description: 'Null when refused.',
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
    authScopes: ADMIN,
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

const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'A new API key.',
  fields: (t) => ({
    name: t.string({ required: true, description: '1 to 200 characters, unique whatever the case.' }),
    userId: t.id({ description: 'Whose key it is; null = standalone.' }),
  }),
});

const UpdateApiKeyInput = builder.inputType('UpdateApiKeyInput', {
  description: 'Changes of an API key; what is absent stays, null clears userId.',
  fields: (t) => ({
    name: t.string({ description: '1 to 200 characters, unique whatever the case.' }),
    userId: t.id({ description: 'Whose key it is; null = standalone.' }),
    enabled: t.boolean({ description: 'A key that is not enabled is refused from the next request on.' }),
  }),
});

const apiKeyFields = v.object({ name: nameField, enabled: switchField });

builder.queryField('apiKeys', (t) =>
  t.field({
    type: ApiKeyConnection,
    description: 'API keys by name.',
    args: {
      search: t.arg.string({
        description: 'Part of the key name, its masked form or the user name, whatever the case.',
      }),
      ...pageArgs(t),
    },
    resolve: (_root, { search, ...page }, { parts }) => {
      const { rows, users } = parts.catalog.current;
      const found = rows.apiKeys.filter((key) =>
        contains([key.name, key.masked, users.get(key.userId ?? '')?.username], search ?? ''),
      );
      return pageOf(found, page, { order: 'name', keyOf: ({ name, id }) => [name.toLowerCase(), id] });
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
          const userId = ownerId(catalog, input.userId ?? null);
          const { name } = checkInput(apiKeyFields, { name: input.name, enabled: true });
          refuseTakenName(catalog, { name });
          const createdAtMs = parts.clock.nowMs();
          const row: ApiKey = { id: uuidv7(), name, hash, masked, userId, isEnabled: true, createdAtMs };
          return { changes: [{ kind: 'put-api-key', row }], result: () => ({ apiKey: row, secret }) };
        }),
      ),
  }),
  updateApiKey: t.field({
    type: ApiKeyPayload,
    description: 'Changes an API key.',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateApiKeyInput, required: true }) },
    resolve: (_root, { id, input }, { desk }) =>
      payload<ApiKeyShape>({ apiKey: null }, () => desk.edit((catalog) => changeApiKey(catalog, id, input))),
  }),
  deleteApiKey: t.field({
    type: DeletePayload,
    description: 'Removes an API key, which is refused from then on, and forgets its affinities.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, args, context) =>
      deleteEntry(context, { typename: 'ApiKey', reason: 'its API key was deleted' }, (catalog) => {
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

function changeApiKey(catalog: Catalog, id: string, input: typeof UpdateApiKeyInput.$inferInput) {
  const key = catalog.apiKeys.get(rawId('ApiKey', id));
  if (!key) throw notFound('the API key', ['id']);
  const { name, enabled } = checkInput(apiKeyFields, { name: key.name, enabled: key.isEnabled, ...input });
  refuseTakenName(catalog, { id: key.id, name });
  const userId = input.userId === undefined ? key.userId : ownerId(catalog, input.userId);
  const row: ApiKey = { ...key, name, isEnabled: enabled, userId };
  return { changes: [{ kind: 'put-api-key' as const, row }], result: () => ({ apiKey: row }) };
}

function refuseTakenName(catalog: Catalog, { id, name }: { id?: string; name: string }): void {
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
