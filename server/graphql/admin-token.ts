// Admin tokens: bearer tokens with a role, for scripts and for people who shall not know the password.

import { uuidv7 } from 'uuidv7';
import * as v from 'valibot';
import { MAX_ADMIN_TOKENS } from '../auth/admin-tokens.ts';
import type { AdminRole, AdminToken } from '../gateway/admin-store.ts';
import { ADMIN, builder } from './builder.ts';
import { sameName } from './catalog-rows.ts';
import type { AdminContext } from './context.ts';
import { checkInput, nameField } from './fields.ts';
import { rawId } from './global-id.ts';
import { RoleRef } from './role.ts';
import {
  ERRORS,
  failure,
  inputFailure,
  notFound,
  payload,
  type UserError,
  UserErrorRef,
} from './user-error.ts';

/** The token of the environment, and the panel in the audit log. */
const RESERVED_NAMES = ['admin-token', 'panel', 'nobody'];

const AdminTokenRef = builder.objectRef<AdminToken>('AdminToken');

builder.node(AdminTokenRef, {
  description: 'A bearer token of the admin API. It also logs in to the panel in place of the password.',
  authScopes: ADMIN,
  id: { resolve: ({ id }) => id },
  loadOne: async (id, { parts }) => (await parts.adminTokens.list()).find((token) => token.id === id) ?? null,
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Unique, whatever the case. Stands in the audit log.' }),
    masked: t.exposeString('masked', { description: 'First 4 and last 4 characters of the secret.' }),
    role: t.field({ type: RoleRef, description: 'What it may do.', resolve: ({ role }) => role }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was made.',
      resolve: ({ createdAtMs }) => createdAtMs,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it stops working; null = never.',
      resolve: ({ expiresAtMs }) => expiresAtMs,
    }),
  }),
});

interface NewTokenShape {
  adminToken: AdminToken | null;
  secret: string | null;
}

const CreateAdminTokenPayload = builder
  .objectRef<NewTokenShape & { errors: UserError[] }>('CreateAdminTokenPayload')
  .implement({
    description: 'Result of making an admin token.',
    authScopes: ADMIN,
    fields: (t) => ({
      adminToken: t.field({
        type: AdminTokenRef,
        nullable: true,
        description: 'Null when refused.',
        resolve: ({ adminToken }) => adminToken,
      }),
      secret: t.exposeString('secret', {
        nullable: true,
        description: 'The whole token. Here once: only its hash is kept.',
      }),
      errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
    }),
  });

const RevokeAdminTokenPayload = builder
  .objectRef<{ endedSessionCount: number; errors: UserError[] }>('RevokeAdminTokenPayload')
  .implement({
    description: 'Result of taking an admin token back.',
    authScopes: ADMIN,
    fields: (t) => ({
      endedSessionCount: t.exposeInt('endedSessionCount', {
        description: 'Panel sessions that were opened with it and ended.',
      }),
      errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
    }),
  });

const CreateAdminTokenInput = builder.inputType('CreateAdminTokenInput', {
  description: 'A new admin token.',
  fields: (t) => ({
    name: t.string({ required: true, description: '1 to 200 characters, unique whatever the case.' }),
    role: t.field({ type: RoleRef, required: true, description: 'ADMIN, OPERATOR or VIEWER.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'When it stops working; null = never.' }),
  }),
});

builder.queryField('adminTokens', (t) =>
  t.field({
    type: [AdminTokenRef],
    skipTypeScopes: true,
    authScopes: ADMIN,
    description: `Admin tokens in the order they were made, at most ${MAX_ADMIN_TOKENS}. The one of the environment is not among them.`,
    resolve: (_root, _args, { parts }) => parts.adminTokens.list(),
  }),
);

builder.mutationFields((t) => ({
  createAdminToken: t.field({
    type: CreateAdminTokenPayload,
    description: 'Makes an admin token. The secret is in the payload once and cannot be read again.',
    args: { input: t.arg({ type: CreateAdminTokenInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload<NewTokenShape>({ adminToken: null, secret: null }, () =>
        createToken(context, {
          name: input.name,
          role: adminRole(input.role),
          expiresAtMs: input.expiresAt ?? null,
        }),
      ),
  }),
  revokeAdminToken: t.field({
    type: RevokeAdminTokenPayload,
    description:
      'Takes an admin token back: it is refused from now on, and its sessions and subscriptions end.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, args, { parts }) =>
      payload({ endedSessionCount: 0 }, async () => {
        const id = rawId('AdminToken', args.id);
        const known = await parts.adminTokens.list();
        if (!known.some((token) => token.id === id)) throw notFound('the admin token', ['id']);
        const ended = await parts.adminTokens.revoke(id);
        parts.sessions.announceEnded(ended);
        return { endedSessionCount: ended.length };
      }),
  }),
}));

const tokenFields = v.object({ name: nameField });

async function createToken(
  { parts }: AdminContext,
  input: { name: string; role: AdminRole; expiresAtMs: number | null },
): Promise<NewTokenShape> {
  const { name } = checkInput(tokenFields, { name: input.name });
  const known = await parts.adminTokens.list();
  const taken = [...known.map((token) => token.name), ...RESERVED_NAMES];
  if (taken.some((other) => sameName(other, name))) {
    throw failure('name-taken', `Cannot name the admin token "${name}": the name is taken`, [
      'input',
      'name',
    ]);
  }
  if (known.length >= MAX_ADMIN_TOKENS) {
    const message = `Cannot make an admin token: there are ${MAX_ADMIN_TOKENS} already`;
    throw inputFailure('invalid-value', message, {
      path: null,
      problem: 'limit-reached',
      max: MAX_ADMIN_TOKENS,
    });
  }
  if (input.expiresAtMs !== null && input.expiresAtMs <= parts.clock.nowMs()) {
    throw inputFailure('invalid-value', 'Cannot make an admin token: it would have expired already', {
      path: ['input', 'expiresAt'],
      problem: 'in-the-past',
    });
  }
  const { token, secret } = await parts.adminTokens.issue({ id: uuidv7(), ...input, name });
  return { adminToken: token, secret };
}

function adminRole(role: AdminRole | 'own'): AdminRole {
  if (role !== 'own') return role;
  throw failure('invalid-value', 'Cannot make an admin token with the role OWN: that is for API keys', [
    'input',
    'role',
  ]);
}
