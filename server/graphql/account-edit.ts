// Creating, changing and mending accounts. Credentials come in here and leave only sealed.

import { uuidv7 } from 'uuidv7';
import * as v from 'valibot';
import { lastFour } from '../auth/api-keys.ts';
import { originsOf } from '../auth/credential-origins.ts';
import { credentialPurpose } from '../auth/vault.ts';
import type { Catalog } from '../gateway/catalog.ts';
import type { Account, AccountRow } from '../gateway/ports.ts';
import { DemoFailureRef } from './account.ts';
import { BY_OPERATOR, builder, VIEWER } from './builder.ts';
import { changed, ofProvider, sameName } from './catalog-rows.ts';
import type { AdminContext } from './context.ts';
import { DeletePayload, deleteEntry } from './deletion.ts';
import type { Edit } from './desk.ts';
import {
  aboveZero,
  checkInput,
  credentialField,
  decimal,
  nameField,
  optionalName,
  wholeNumber,
} from './fields.ts';
import { rawId } from './global-id.ts';
import type { AdminParts } from './parts.ts';
import { AccountRef } from './refs.ts';
import { ERRORS, failure, notFound, payload, type UserError, UserErrorRef } from './user-error.ts';
import { accountVersion, conflict, PRESENT, READ_VERSION } from './version.ts';

interface AccountShape {
  account: Account | null;
}

const AccountPayload = builder.objectRef<AccountShape & { errors: UserError[] }>('AccountPayload').implement({
  description: 'Result of creating or changing an account.',
  authScopes: VIEWER,
  fields: (t) => ({
    account: t.field({
      type: AccountRef,
      nullable: true,
      description: PRESENT,
      resolve: ({ account }) => account,
    }),
    errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
  }),
});

const DESCRIPTIONS = {
  name: '1 to 200 characters, unique within the provider.',
  credential:
    "The secret by which the account authenticates. Write-only: it is sealed and never given out. It is sent only to the origins of the provider's endpoints of this moment.",
  weight: 'Share in weighted round robin, 1 to 1000.',
  maxConcurrent: 'Requests allowed at the same time, at least 1; null = no limit known.',
  cacheTtlMinutes:
    'Minutes that a binding lives after its last use, 0 to 10080; 0 = the account does not cache, null = as the affinity setting says.',
  rateMultiplier: 'Factor on list prices, 0 to 1000.',
  usdPerCredit: 'What one credit costs in USD, above 0; null = the account is not billed in credits.',
  cacheDomain: 'Accounts of one domain share a prompt cache; null = the account alone.',
};

const CreateAccountInput = builder.inputType('CreateAccountInput', {
  description: 'A new account.',
  fields: (t) => ({
    providerId: t.id({ required: true, description: 'Where the account is held.' }),
    name: t.string({ required: true, description: DESCRIPTIONS.name }),
    credential: t.string({ required: true, description: DESCRIPTIONS.credential }),
    weight: t.int({ defaultValue: 1, description: DESCRIPTIONS.weight }),
    maxConcurrent: t.int({ description: DESCRIPTIONS.maxConcurrent }),
    cacheTtlMinutes: t.int({ description: DESCRIPTIONS.cacheTtlMinutes }),
    rateMultiplier: t.float({ defaultValue: 1, description: DESCRIPTIONS.rateMultiplier }),
    usdPerCredit: t.float({ description: DESCRIPTIONS.usdPerCredit }),
    cacheDomain: t.string({ description: DESCRIPTIONS.cacheDomain }),
  }),
});

const UpdateAccountInput = builder.inputType('UpdateAccountInput', {
  description:
    'Changes of an account; what is absent stays, null clears maxConcurrent, cacheTtlMinutes, usdPerCredit and cacheDomain.',
  fields: (t) => ({
    version: t.string({ description: READ_VERSION }),
    name: t.string({ description: DESCRIPTIONS.name }),
    credential: t.string({
      description: `${DESCRIPTIONS.credential} A new one puts a disabled account back into service.`,
    }),
    weight: t.int({ description: DESCRIPTIONS.weight }),
    maxConcurrent: t.int({ description: DESCRIPTIONS.maxConcurrent }),
    cacheTtlMinutes: t.int({ description: DESCRIPTIONS.cacheTtlMinutes }),
    rateMultiplier: t.float({ description: DESCRIPTIONS.rateMultiplier }),
    usdPerCredit: t.float({ description: DESCRIPTIONS.usdPerCredit }),
    cacheDomain: t.string({ description: DESCRIPTIONS.cacheDomain }),
  }),
});

const accountFields = v.object({
  name: nameField,
  weight: wholeNumber(1, 1000),
  maxConcurrent: v.nullable(wholeNumber(1, 100_000)),
  cacheTtlMinutes: v.nullable(wholeNumber(0, 10_080)),
  rateMultiplier: decimal(0, 1000),
  usdPerCredit: v.nullable(aboveZero(1_000_000)),
  cacheDomain: optionalName,
});
const newCredential = v.object({ credential: credentialField });

builder.mutationFields((t) => ({
  createAccount: t.field({
    type: AccountPayload,
    description: 'Adds an account to a provider; it takes requests at once.',
    args: { input: t.arg({ type: CreateAccountInput, required: true }) },
    resolve: (_root, { input }, context) =>
      answer(context, () => context.desk.edit((catalog) => createAccount(catalog, input, context.parts))),
  }),
  updateAccount: t.field({
    type: AccountPayload,
    description: 'Changes an account. Requests under way finish as they began.',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateAccountInput, required: true }) },
    resolve: (_root, { id, input }, context) =>
      answer(context, () =>
        context.desk.edit((catalog) =>
          updateAccount(find(catalog, id), { catalog, input, parts: context.parts }),
        ),
      ),
  }),
  deleteAccount: t.field({
    type: DeletePayload,
    description: 'Removes an account and forgets the affinities bound to it.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, args, context) =>
      deleteEntry(context, { typename: 'Account', code: 'account-deleted' }, (catalog) => {
        const { id } = find(catalog, args.id);
        return {
          id,
          changes: [{ kind: 'delete', table: 'account', id }],
          names: (binding) => binding.accountId === id,
        };
      }),
  }),
  setAccountPaused: t.field({
    ...BY_OPERATOR,
    type: AccountPayload,
    description: 'Takes an account out of service, or back into it. Requests under way finish.',
    args: { id: t.arg.id({ required: true }), paused: t.arg.boolean({ required: true }) },
    resolve: (_root, { id, paused }, context) =>
      answer(context, () =>
        context.desk.edit((catalog) => putAccount({ ...find(catalog, id), isPaused: paused })),
      ),
  }),
  resetAccountHealth: t.field({
    ...BY_OPERATOR,
    type: AccountPayload,
    description: 'Puts a disabled or cooling account back into service.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, context) =>
      answer(context, async () => {
        const shape = await context.desk.edit((catalog) =>
          putAccount({ ...find(catalog, id), disabledReason: null }),
        );
        context.parts.health.reset(shape.account.id);
        context.parts.slots.reset(shape.account.id);
        context.parts.reservations.reset(shape.account.id);
        return shape;
      }),
  }),
  setDemoFailure: t.field({
    ...BY_OPERATOR,
    type: AccountPayload,
    description:
      'Makes an account of the embedded demo upstream fail, or mends it. An error when the account is not a demo account.',
    args: {
      accountId: t.arg.id({ required: true }),
      failure: t.arg({ type: DemoFailureRef, required: true }),
    },
    resolve: (_root, args, context) =>
      answer(context, async () => {
        const { demo, catalog } = context.parts;
        const account = find(catalog.current, args.accountId, 'accountId');
        if (!demo || demo.failure(account.name) === null) {
          throw failure(
            'not-a-demo-account',
            `Cannot make "${account.name}" fail: it is not a demo account`,
            ['accountId'],
          );
        }
        demo.setFailure(account.name, args.failure);
        return { account };
      }),
  }),
}));

/** The payload of a change, told to everybody who watches accounts. */
function answer({ parts }: AdminContext, change: () => Promise<{ account: Account }>) {
  return payload<AccountShape>({ account: null }, async () => {
    const shape = await change();
    parts.live.publish({ kind: 'account', accountId: shape.account.id });
    return shape;
  });
}

async function createAccount(
  catalog: Catalog,
  input: typeof CreateAccountInput.$inferInput,
  { vault }: AdminParts,
): Promise<Edit<{ account: AccountRow }>> {
  const providerId = rawId('Provider', input.providerId);
  if (!catalog.providers.has(providerId)) throw notFound('the provider', ['input', 'providerId']);
  const id = uuidv7();
  const fields = checkInput(accountFields, {
    ...input,
    weight: input.weight ?? 1,
    maxConcurrent: input.maxConcurrent ?? null,
    cacheTtlMinutes: input.cacheTtlMinutes ?? null,
    rateMultiplier: input.rateMultiplier ?? 1,
    usdPerCredit: input.usdPerCredit ?? null,
    cacheDomain: input.cacheDomain ?? null,
  });
  const { credential } = checkInput(newCredential, input);
  const sealed = await sealCredential(credential, { id, providerId, catalog, vault });
  const row: AccountRow = { id, providerId, isPaused: false, disabledReason: null, ...fields, ...sealed };
  refuseTakenName(catalog, row);
  return putAccount(row);
}

async function updateAccount(
  account: AccountRow,
  {
    catalog,
    input,
    parts,
  }: { catalog: Catalog; input: typeof UpdateAccountInput.$inferInput; parts: AdminParts },
): Promise<Edit<{ account: AccountRow }>> {
  const found = {
    what: `the account "${account.name}"`,
    version: accountVersion(account),
    given: input.version,
  };
  const refused = conflict(found, { account });
  if (refused) return refused;
  const row: AccountRow = changed(account, checkInput(v.partial(accountFields), input));
  refuseTakenName(catalog, row);
  if (input.credential === undefined) return putAccount(row);
  const { credential } = checkInput(newCredential, input);
  const sealed = await sealCredential(credential, { ...account, catalog, vault: parts.vault });
  parts.health.reset(account.id);
  return putAccount({ ...row, ...sealed, disabledReason: null });
}

async function sealCredential(
  credential: string,
  at: { id: string; providerId: string; catalog: Catalog; vault: AdminParts['vault'] },
) {
  const { id, providerId, catalog, vault } = at;
  return {
    credentialOrigins: originsOf(ofProvider(catalog.rows.endpoints, providerId)),
    sealedCredential: await vault.seal(credential, credentialPurpose(id)),
    credentialLast4: lastFour(credential),
    credentialFingerprint: vault.fingerprint(credential),
  };
}

function putAccount(row: AccountRow): Edit<{ account: AccountRow }> {
  return { changes: [{ kind: 'put-account', row }], result: () => ({ account: row }) };
}

function find(catalog: Catalog, id: string, argument = 'id'): AccountRow {
  const account = catalog.accounts.get(rawId('Account', id));
  if (!account) throw notFound('the account', [argument]);
  return account;
}

function refuseTakenName(catalog: Catalog, row: AccountRow): void {
  const isTaken = catalog.rows.accounts.some(
    (other) => other.id !== row.id && other.providerId === row.providerId && sameName(other.name, row.name),
  );
  if (isTaken)
    throw failure('name-taken', `Cannot name the account "${row.name}": the provider has one of this name`, [
      'input',
      'name',
    ]);
}
