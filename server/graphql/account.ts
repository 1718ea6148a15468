// Accounts as seen: settings, state, load.

import { originsOf } from '../auth/credential-origins.ts';
import { isBoundTo } from '../gateway/catalog.ts';
import type { ConditionCode } from '../gateway/condition-codes.ts';
import type { AccountCondition } from '../gateway/health.ts';
import type { Account } from '../gateway/ports.ts';
import { saidIn } from '../gateway/said.ts';
import { builder, VIEWER } from './builder.ts';
import { contains, copyOf, mustFind, ofProvider } from './catalog-rows.ts';
import { ConditionCodeRef } from './condition-code.ts';
import type { AdminContext } from './context.ts';
import { rawId } from './global-id.ts';
import { pageOf } from './page.ts';
import { pageArgs } from './page-args.ts';
import type { AdminParts } from './parts.ts';
import { AccountRef, ProviderRef } from './refs.ts';
import { accountVersion, VERSION } from './version.ts';

type AccountState = AccountCondition['state'] | 'full';

const AccountStateRef = builder.enumType('AccountState', {
  description: 'Whether an account takes requests now.',
  values: {
    AVAILABLE: { value: 'available', description: 'Takes requests.' },
    FULL: { value: 'full', description: 'At its concurrency limit.' },
    COOLING_DOWN: { value: 'cooling-down', description: 'Skipped until `cooldownUntil`.' },
    EJECTED: {
      value: 'ejected',
      description: 'It kept failing: used only when there is nothing better, until `cooldownUntil`.',
    },
    HALF_OPEN: { value: 'half-open', description: 'Gets few requests, to see whether it works again.' },
    PAUSED: { value: 'paused', description: 'Taken out of service by an administrator.' },
    DISABLED: { value: 'disabled', description: 'The provider refused its credential.' },
  } as const,
});

export const DemoFailureRef = builder.enumType('DemoFailure', {
  description: 'How an account of the embedded demo upstream is made to fail.',
  values: {
    NONE: { value: 'none', description: 'It works.' },
    RATE_LIMITED: { value: 'rate-limited', description: '429 with retry-after.' },
    UNAUTHORIZED: { value: 'unauthorized', description: '401, as with a revoked credential.' },
    SERVER_ERROR: { value: 'server-error', description: '500.' },
    OVERLOADED_IN_STREAM: {
      value: 'overloaded-in-stream',
      description: '200, then an overloaded error inside the stream before any token.',
    },
  } as const,
});

builder.node(AccountRef, {
  description:
    'One billable identity at a provider: unit of health, limits and prompt cache. Its credential is never given out.',
  authScopes: VIEWER,
  id: { resolve: ({ id }) => id },
  loadOne: (id, { parts }) => copyOf(parts.catalog.current.accounts.get(id)),
  fields: (t) => ({
    version: t.string({ description: VERSION, resolve: accountVersion }),
    name: t.exposeString('name', { description: 'Unique within the provider.' }),
    provider: t.field({
      type: ProviderRef,
      description: 'Where the account is held.',
      resolve: ({ providerId }, _args, { parts }) =>
        mustFind(parts.catalog.current.providers.get(providerId), 'the provider'),
    }),
    weight: t.exposeInt('weight', { description: 'Share in weighted round robin, 1 to 1000.' }),
    maxConcurrent: t.exposeInt('maxConcurrent', {
      nullable: true,
      description: 'Requests allowed at the same time; null = learned from the provider, see `currentLimit`.',
    }),
    cacheTtlMinutes: t.int({
      nullable: true,
      description:
        'Minutes that a binding lives after its last use; 0 = the account does not cache, no binding is kept; null = as the affinity setting says.',
      resolve: ({ cacheTtlMinutes }) => cacheTtlMinutes,
    }),
    rateMultiplier: t.exposeFloat('rateMultiplier', { description: 'Factor on list prices.' }),
    usdPerCredit: t.exposeFloat('usdPerCredit', {
      nullable: true,
      description: 'What one credit costs in USD; null = not billed in credits.',
    }),
    unboundOrigins: t.stringList({
      description:
        "Origins of the provider's endpoints that the credential was not given for: it is not sent there. Giving the credential again binds it to them.",
      resolve: (account, _args, { parts }) =>
        originsOf(
          ofProvider(parts.catalog.current.rows.endpoints, account.providerId).filter(
            (endpoint) => !isBoundTo(account, endpoint),
          ),
        ),
    }),
    cacheDomain: t.exposeString('cacheDomain', {
      nullable: true,
      description: 'Accounts of one domain share a prompt cache; null = the account alone.',
    }),
    paused: t.exposeBoolean('isPaused', { description: 'Taken out of service by an administrator.' }),
    state: t.field({
      type: AccountStateRef,
      description: 'Whether it takes requests now.',
      resolve: (account, _args, { parts }) => stateOf(account, parts),
    }),
    stateReason: t.string({
      nullable: true,
      description: 'Why it is not simply available.',
      resolve: (account, _args, { parts }) => causeOf(account, parts)?.reason ?? null,
    }),
    stateReasonCode: t.field({
      type: ConditionCodeRef,
      nullable: true,
      description: 'The same for programs.',
      resolve: (account, _args, { parts }) => causeOf(account, parts)?.code ?? null,
    }),
    stateReasonDetail: t.string({
      nullable: true,
      description:
        'What the provider or the network said, out of `stateReason`; for WINDOW_USED_UP the name of the window. Null = nothing.',
      resolve: (account, _args, { parts }) => saidIn(causeOf(account, parts)?.reason ?? ''),
    }),
    cooldownUntil: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it is tried again; null unless cooling down or ejected.',
      resolve: (account, _args, { parts }) => {
        const condition = parts.health.condition(account);
        return 'untilMs' in condition ? condition.untilMs : null;
      },
    }),
    inFlight: t.int({
      description: 'Requests under way at this moment.',
      resolve: ({ id }, _args, { parts }) => parts.slots.inFlight(id),
    }),
    bindingCount: t.int({
      description: 'Live affinities bound to it.',
      resolve: ({ id }, _args, { desk }) => desk.bindingCount(id),
    }),
    credentialLast4: t.exposeString('credentialLast4', {
      description: 'Last 4 characters of the credential; hidden when it is short.',
    }),
    credentialFingerprint: t.exposeString('credentialFingerprint', {
      description: 'Short keyed hash: equal for equal credentials, says nothing else about them.',
    }),
    demoFailure: t.field({
      type: DemoFailureRef,
      nullable: true,
      description: 'Null unless this is an account of the embedded demo upstream.',
      resolve: ({ name }, _args, { parts }) => parts.demo?.failure(name) ?? null,
    }),
  }),
});

const AccountConnection = builder.connectionObject({ type: AccountRef, name: 'AccountConnection' });

const AccountFilter = builder.inputType('AccountFilter', {
  description: 'Every given field must match.',
  fields: (t) => ({
    providerId: t.id({ description: 'Accounts of this provider.' }),
    state: t.field({ type: AccountStateRef, description: 'Accounts in this state now.' }),
    search: t.string({
      description: 'Part of the account or provider name or cache domain, whatever the case.',
    }),
  }),
});

builder.queryField('accounts', (t) =>
  t.field({
    type: AccountConnection,
    description: 'Accounts by name.',
    args: { filter: t.arg({ type: AccountFilter }), ...pageArgs(t) },
    resolve: (_root, { filter, ...page }, context) =>
      pageOf(findAccounts(filter ?? {}, context), page, {
        order: 'name',
        keyOf: ({ name, id }) => [name.toLowerCase(), id],
      }),
  }),
);

function findAccounts(filter: typeof AccountFilter.$inferInput, { parts }: AdminContext): Account[] {
  const { rows, providers } = parts.catalog.current;
  const providerId = filter.providerId == null ? null : rawId('Provider', filter.providerId);
  return rows.accounts.filter((account) => {
    if (providerId !== null && account.providerId !== providerId) return false;
    if (filter.state != null && stateOf(account, parts) !== filter.state) return false;
    const texts = [account.name, account.cacheDomain, providers.get(account.providerId)?.name];
    return contains(texts, filter.search ?? '');
  });
}

function stateOf(account: Account, parts: AdminParts): AccountState {
  const { state } = parts.health.condition(account);
  return state === 'available' && parts.slots.isFull(account) ? 'full' : state;
}

function causeOf(
  account: Account,
  { health }: Pick<AdminParts, 'health'>,
): { code: ConditionCode; reason: string } | null {
  const condition = health.condition(account);
  return 'reason' in condition ? condition : null;
}
