// Users: the people behind API keys.

import { uuidv7 } from 'uuidv7';
import * as v from 'valibot';
import type { Catalog } from '../gateway/catalog.ts';
import type { User } from '../gateway/ports.ts';
import { builder, VIEWER } from './builder.ts';
import { changed, contains, copyOf, sameName } from './catalog-rows.ts';
import { DeletePayload, type Deletion, deleteEntry } from './deletion.ts';
import { checkInput, emailField, nameField } from './fields.ts';
import { rawId } from './global-id.ts';
import { pageOf } from './page.ts';
import { pageArgs } from './page-args.ts';
import type { AdminParts } from './parts.ts';
import { ApiKeyRef, UserRef } from './refs.ts';
import { ERRORS, failure, notFound, payload, type UserError, UserErrorRef } from './user-error.ts';
import { UserOrder, userOrder } from './user-order.ts';
import { conflict, PRESENT, READ_VERSION, userVersion, VERSION } from './version.ts';

builder.node(UserRef, {
  description: 'A person or program that holds API keys. Users do not log in to the panel.',
  authScopes: VIEWER,
  id: { resolve: ({ id }) => id },
  loadOne: (id, { parts }) => copyOf(parts.catalog.current.users.get(id)),
  fields: (t) => ({
    version: t.string({ description: VERSION, resolve: userVersion }),
    username: t.exposeString('username', { description: 'Unique, whatever the case.' }),
    email: t.exposeString('email', { nullable: true, description: 'Unique when given, whatever the case.' }),
    apiKeys: t.field({
      type: [ApiKeyRef],
      description: 'The keys that belong to the user.',
      resolve: ({ id }, _args, { parts }) => keysOf(parts.catalog.current, id),
    }),
    spentTodayUsd: t.float({
      description: 'USD that the keys of the user have spent since midnight, UTC.',
      resolve: ({ id }, _args, { parts }) => spentUsd(id, 'today', parts),
    }),
    spentThisMonthUsd: t.float({
      description: 'USD that the keys of the user have spent since the first of the month, UTC.',
      resolve: ({ id }, _args, { parts }) => spentUsd(id, 'thisMonth', parts),
    }),
  }),
});

const UserConnection = builder.connectionObject({ type: UserRef, name: 'UserConnection' });

interface UserShape {
  user: User | null;
}

const UserPayload = builder.objectRef<UserShape & { errors: UserError[] }>('UserPayload').implement({
  description: 'Result of creating or changing a user.',
  authScopes: VIEWER,
  fields: (t) => ({
    user: t.field({
      type: UserRef,
      nullable: true,
      description: PRESENT,
      resolve: ({ user }) => user,
    }),
    errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
  }),
});

const CreateUserInput = builder.inputType('CreateUserInput', {
  description: 'A new user.',
  fields: (t) => ({
    username: t.string({ required: true, description: '1 to 200 characters, unique whatever the case.' }),
    email: t.string({ description: 'Unique when given.' }),
  }),
});

const UpdateUserInput = builder.inputType('UpdateUserInput', {
  description: 'Changes of a user; what is absent stays, null clears email.',
  fields: (t) => ({
    version: t.string({ description: READ_VERSION }),
    username: t.string({ description: '1 to 200 characters, unique whatever the case.' }),
    email: t.string({ description: 'Unique when given.' }),
  }),
});

const userFields = v.object({ username: nameField, email: emailField });

builder.queryField('users', (t) =>
  t.field({
    type: UserConnection,
    description: 'Users, by name unless another order is given.',
    args: {
      search: t.arg.string({ description: 'Part of the user name or e-mail address, whatever the case.' }),
      orderBy: t.arg({ type: UserOrder, defaultValue: 'name' }),
      ...pageArgs(t),
    },
    resolve: (_root, { search, orderBy, ...page }, { parts }) =>
      pageOf(
        parts.catalog.current.rows.users.filter(({ username, email }) =>
          contains([username, email], search ?? ''),
        ),
        page,
        userOrder(orderBy ?? 'name', parts),
      ),
  }),
);

builder.mutationFields((t) => ({
  createUser: t.field({
    type: UserPayload,
    description: 'Adds a user.',
    args: { input: t.arg({ type: CreateUserInput, required: true }) },
    resolve: (_root, { input }, { desk }) =>
      payload<UserShape>({ user: null }, () =>
        desk.edit((catalog) => {
          const fields = checkInput(userFields, { ...input, email: input.email ?? null });
          return putUser(catalog, { id: uuidv7(), ...fields });
        }),
      ),
  }),
  updateUser: t.field({
    type: UserPayload,
    description: 'Changes a user.',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateUserInput, required: true }) },
    resolve: (_root, { id, input }, { desk }) =>
      payload<UserShape>({ user: null }, () =>
        desk.edit((catalog) => {
          const user = catalog.users.get(rawId('User', id));
          if (!user) throw notFound('the user', ['id']);
          const found = {
            what: `the user "${user.username}"`,
            version: userVersion(user),
            given: input.version,
          };
          return (
            conflict(found, { user }) ??
            putUser(catalog, changed(user, checkInput(v.partial(userFields), input)))
          );
        }),
      ),
  }),
  deleteUser: t.field({
    type: DeletePayload,
    description: 'Removes a user together with the API keys of that user, and forgets their affinities.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, args, context) =>
      deleteEntry(context, { typename: 'User', code: 'user-deleted' }, (catalog) =>
        withKeys(catalog, rawId('User', args.id)),
      ),
  }),
}));

/** The keys go too: a key that outlived its owner would keep opening the gateway. */
function withKeys(catalog: Catalog, id: string): Deletion {
  if (!catalog.users.has(id)) throw notFound('the user', ['id']);
  const keyIds = new Set<string | null>(keysOf(catalog, id).map((key) => key.id));
  const keys = keysOf(catalog, id).map((key) => ({ kind: 'delete', table: 'api-key', id: key.id }) as const);
  return {
    id,
    changes: [...keys, { kind: 'delete', table: 'user', id }],
    names: ({ apiKeyId, userId }) => userId === id || keyIds.has(apiKeyId),
  };
}

function keysOf(catalog: Catalog, userId: string) {
  return catalog.rows.apiKeys.filter((key) => key.userId === userId);
}

/** Of the keys that the user has now. */
function spentUsd(
  userId: string,
  period: 'today' | 'thisMonth',
  { catalog, keyUsage }: Pick<AdminParts, 'catalog' | 'keyUsage'>,
): number {
  let nanoUsd = 0;
  for (const { id } of keysOf(catalog.current, userId)) nanoUsd += keyUsage.look(id)[period].costNanoUsd;
  return nanoUsd / 1e9;
}

function putUser(catalog: Catalog, row: User) {
  const others = catalog.rows.users.filter((other) => other.id !== row.id);
  if (others.some((other) => sameName(other.username, row.username))) {
    throw failure('name-taken', `Cannot name the user "${row.username}": another has this name`, [
      'input',
      'username',
    ]);
  }
  if (row.email !== null && others.some((other) => sameName(other.email ?? '', row.email ?? ''))) {
    throw failure('name-taken', `Cannot use "${row.email}": another user has this address`, [
      'input',
      'email',
    ]);
  }
  return { changes: [{ kind: 'put-user' as const, row }], result: () => ({ user: row }) };
}
