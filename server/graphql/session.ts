// The panel's login. The only fields that answer to nobody, so nothing here may say more than whether one is logged in.

import { type LoginRefusal, type LoginResult, sessionEndMs } from '../auth/sessions.ts';
import { builder } from './builder.ts';
import type { AdminContext } from './context.ts';
import { expiredCookies, sessionCookies } from './cookies.ts';
import type { Role, Visitor } from './parts.ts';
import { RoleRef } from './role.ts';
import { ERRORS, ExpectedFailure, failure, payload, type UserError, UserErrorRef } from './user-error.ts';

interface SessionShape {
  isAuthenticated: boolean;
  isSetupRequired: boolean;
  expiresAtMs: number | null;
  role: Role | null;
  name: string | null;
}

const SessionRef = builder.objectRef<SessionShape>('Session').implement({
  description: 'Whether and as what the caller is logged in. Says nothing else, because anybody may ask.',
  fields: (t) => ({
    authenticated: t.exposeBoolean('isAuthenticated', {
      description: 'The caller has a live session, or sent an admin token or an API key.',
    }),
    setupRequired: t.exposeBoolean('isSetupRequired', {
      description: 'No password has been set: `setup` with the one-time token printed at start.',
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the session ends if it is not used; null without a session.',
      resolve: ({ expiresAtMs }) => expiresAtMs,
    }),
    role: t.field({
      type: RoleRef,
      nullable: true,
      description: 'What the caller may do; null when not logged in.',
      resolve: ({ role }) => role,
    }),
    name: t.exposeString('name', {
      nullable: true,
      description:
        '`panel`, `admin-token`, or the name of the admin token or API key; null when not logged in.',
    }),
  }),
});

const LoginPayload = builder
  .objectRef<{ session: SessionShape | null; errors: UserError[] }>('LoginPayload')
  .implement({
    description: 'Result of logging in. The session itself travels in an HttpOnly cookie.',
    fields: (t) => ({
      session: t.field({
        type: SessionRef,
        nullable: true,
        description: 'Null when refused.',
        resolve: ({ session }) => session,
      }),
      errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
    }),
  });

const LogoutPayload = builder.objectRef<{ errors: UserError[] }>('LogoutPayload').implement({
  description: 'Result of logging out.',
  fields: (t) => ({
    errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
  }),
});

const SetupInput = builder.inputType('SetupInput', {
  description: 'The first password.',
  fields: (t) => ({
    token: t.string({ required: true, description: 'The one-time setup token printed at start.' }),
    password: t.string({ required: true, description: 'At least 10 characters.' }),
  }),
});

const LoginInput = builder.inputType('LoginInput', {
  description: 'A login.',
  fields: (t) => ({
    password: t.string({ required: true, description: 'The password of the panel, or an admin token.' }),
  }),
});

builder.queryField('session', (t) =>
  t.field({
    type: SessionRef,
    skipTypeScopes: true,
    description:
      'Whether this browser is logged in, and whether a password has been set yet. The only query that answers without a login.',
    resolve: (_root, _args, context) => currentSession(context),
  }),
);

builder.mutationFields((t) => ({
  setup: t.field({
    type: LoginPayload,
    skipTypeScopes: true,
    description: 'Sets the password with the one-time setup token, ends every session, and logs in.',
    args: { input: t.arg({ type: SetupInput, required: true }) },
    resolve: (_root, { input }, context) =>
      enter(context, (sessions) => sessions.setup(input.token, input.password)),
  }),
  login: t.field({
    type: LoginPayload,
    skipTypeScopes: true,
    description: 'Logs in under a fresh session; the one the browser had ends.',
    args: { input: t.arg({ type: LoginInput, required: true }) },
    resolve: (_root, { input }, context) =>
      enter(context, async (sessions) => {
        const { cookieToken } = context.visitor;
        const token = await context.parts.adminTokens.verify(input.password);
        return token
          ? sessions.loginWithToken(token, cookieToken)
          : sessions.login(input.password, cookieToken);
      }),
  }),
  logout: t.field({
    type: LogoutPayload,
    skipTypeScopes: true,
    description: 'Ends the session of this browser, its subscriptions included.',
    resolve: async (_root, _args, { parts, visitor }) => {
      if (visitor.cookieToken !== null) await parts.sessions.logout(visitor.cookieToken);
      visitor.setCookies.push(...expiredCookies(visitor.cookieRule));
      return { errors: [] };
    },
  }),
}));

async function currentSession({ parts, visitor }: AdminContext): Promise<SessionShape> {
  return {
    isAuthenticated: visitor.actor !== null,
    isSetupRequired: !(await parts.sessions.isSetUp()),
    expiresAtMs: visitor.session ? sessionEndMs(visitor.session) : null,
    role: visitor.actor?.role ?? null,
    name: visitor.actor?.name ?? null,
  };
}

function enter(
  { parts, visitor }: AdminContext,
  attempt: (sessions: AdminContext['parts']['sessions']) => Promise<LoginResult>,
) {
  return payload<{ session: SessionShape | null }>({ session: null }, async () => {
    refuseInsecure(visitor);
    const result = await attempt(parts.sessions);
    if (!result.isGranted) throw refusal(result.refusal);
    visitor.setCookies.push(...sessionCookies(result.token, visitor.cookieRule));
    const { name, role } = result.session;
    const expiresAtMs = sessionEndMs(result.session);
    return { session: { isAuthenticated: true, isSetupRequired: false, expiresAtMs, role, name } };
  });
}

/** Over plain http from afar the browser would drop the cookie, and the password would cross the network readable. */
function refuseInsecure({ cookieRule }: Visitor): void {
  if (cookieRule !== 'refused') return;
  throw failure(
    'insecure-connection',
    'Cannot log in over plain http from another machine: use https, or an SSH tunnel to this port',
  );
}

function refusal({ code, message, retryAfterMs, limit }: LoginRefusal): ExpectedFailure {
  const retryAfterSeconds = retryAfterMs === undefined ? null : Math.ceil(retryAfterMs / 1000);
  return new ExpectedFailure([{ code, message, path: null, retryAfterSeconds, ...limit }]);
}
