// Providers: companies or servers that are called.

import { uuidv7 } from 'uuidv7';
import * as v from 'valibot';
import { isPrivateHost } from '../gateway/base-url.ts';
import type { Catalog } from '../gateway/catalog.ts';
import type { Provider } from '../gateway/ports.ts';
import { builder, VIEWER } from './builder.ts';
import { changed, copyOf, ofProvider, sameName } from './catalog-rows.ts';
import { DeletePayload, deleteEntry } from './deletion.ts';
import { checkInput, nameField, switchField } from './fields.ts';
import { rawId } from './global-id.ts';
import { pageOf } from './page.ts';
import { pageArgs } from './page-args.ts';
import { AccountRef, EndpointRef, ModelMappingRef, ProviderRef } from './refs.ts';
import {
  ERRORS,
  failure,
  inputFailure,
  notFound,
  payload,
  type UserError,
  UserErrorRef,
} from './user-error.ts';
import { conflict, PRESENT, providerVersion, READ_VERSION, VERSION } from './version.ts';

builder.node(ProviderRef, {
  description: 'A company or server that is called.',
  authScopes: VIEWER,
  id: { resolve: ({ id }) => id },
  loadOne: (id, { parts }) => copyOf(parts.catalog.current.providers.get(id)),
  fields: (t) => ({
    version: t.string({ description: VERSION, resolve: providerVersion }),
    name: t.exposeString('name', { description: 'Unique among providers.' }),
    allowPrivateNetwork: t.exposeBoolean('allowPrivateNetwork', {
      description: 'Base URLs may be loopback or private addresses (self-hosted upstreams).',
    }),
    endpoints: t.field({
      type: [EndpointRef],
      description: 'Where its requests go, one per base URL and surface.',
      resolve: ({ id }, _args, { parts }) => ofProvider(parts.catalog.current.rows.endpoints, id),
    }),
    accounts: t.field({
      type: [AccountRef],
      description: 'The identities we hold there.',
      resolve: ({ id }, _args, { parts }) => ofProvider(parts.catalog.current.rows.accounts, id),
    }),
    mappings: t.field({
      type: [ModelMappingRef],
      description: 'The models it serves.',
      resolve: ({ id }, _args, { parts }) => ofProvider(parts.catalog.current.rows.mappings, id),
    }),
  }),
});

const ProviderConnection = builder.connectionObject({ type: ProviderRef, name: 'ProviderConnection' });

interface ProviderShape {
  provider: Provider | null;
}

const ProviderPayload = builder
  .objectRef<ProviderShape & { errors: UserError[] }>('ProviderPayload')
  .implement({
    description: 'Result of creating or changing a provider.',
    authScopes: VIEWER,
    fields: (t) => ({
      provider: t.field({
        type: ProviderRef,
        nullable: true,
        description: PRESENT,
        resolve: ({ provider }) => provider,
      }),
      errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
    }),
  });

const CreateProviderInput = builder.inputType('CreateProviderInput', {
  description: 'A new provider.',
  fields: (t) => ({
    name: t.string({ required: true, description: '1 to 200 characters, unique among providers.' }),
    allowPrivateNetwork: t.boolean({
      defaultValue: false,
      description: 'Let base URLs be loopback or private addresses (self-hosted upstreams).',
    }),
  }),
});

const UpdateProviderInput = builder.inputType('UpdateProviderInput', {
  description: 'Changes of a provider; what is absent stays.',
  fields: (t) => ({
    version: t.string({ description: READ_VERSION }),
    name: t.string({ description: '1 to 200 characters, unique among providers.' }),
    allowPrivateNetwork: t.boolean({
      description: 'Cannot be taken back while an endpoint lies in a private network.',
    }),
  }),
});

const providerFields = v.object({ name: nameField, allowPrivateNetwork: switchField });

builder.queryField('providers', (t) =>
  t.field({
    type: ProviderConnection,
    description: 'All providers by name.',
    args: pageArgs(t),
    resolve: (_root, args, { parts }) =>
      pageOf(parts.catalog.current.rows.providers, args, {
        order: 'name',
        keyOf: ({ name, id }) => [name.toLowerCase(), id],
      }),
  }),
);

builder.mutationFields((t) => ({
  createProvider: t.field({
    type: ProviderPayload,
    description:
      'Adds a provider. It serves nothing until it has an endpoint, an account and a model mapping.',
    args: { input: t.arg({ type: CreateProviderInput, required: true }) },
    resolve: (_root, { input }, { desk }) =>
      payload<ProviderShape>({ provider: null }, () =>
        desk.edit((catalog) => {
          const fields = { ...input, allowPrivateNetwork: input.allowPrivateNetwork ?? false };
          return putProvider(catalog, { id: uuidv7(), ...checkInput(providerFields, fields) });
        }),
      ),
  }),
  updateProvider: t.field({
    type: ProviderPayload,
    description: 'Changes a provider.',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateProviderInput, required: true }) },
    resolve: (_root, { id, input }, { desk }) =>
      payload<ProviderShape>({ provider: null }, () =>
        desk.edit((catalog) => {
          const provider = catalog.providers.get(rawId('Provider', id));
          if (!provider) throw notFound('the provider', ['id']);
          const found = {
            what: `the provider "${provider.name}"`,
            version: providerVersion(provider),
            given: input.version,
          };
          return (
            conflict(found, { provider }) ??
            putProvider(catalog, changed(provider, checkInput(v.partial(providerFields), input)))
          );
        }),
      ),
  }),
  deleteProvider: t.field({
    type: DeletePayload,
    description:
      'Removes a provider with its endpoints, accounts and mappings, and forgets the affinities bound to it.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, args, context) =>
      deleteEntry(context, { typename: 'Provider', code: 'provider-deleted' }, (catalog) => {
        const id = rawId('Provider', args.id);
        if (!catalog.providers.has(id)) throw notFound('the provider', ['id']);
        return {
          id,
          changes: [{ kind: 'delete', table: 'provider', id }],
          names: (binding) => binding.providerId === id,
        };
      }),
  }),
}));

function putProvider(catalog: Catalog, row: Provider) {
  const isTaken = catalog.rows.providers.some(
    (other) => other.id !== row.id && sameName(other.name, row.name),
  );
  if (isTaken)
    throw failure('name-taken', `Cannot name the provider "${row.name}": another has this name`, [
      'input',
      'name',
    ]);
  refuseStrandedEndpoints(catalog, row);
  return { changes: [{ kind: 'put-provider' as const, row }], result: () => ({ provider: row }) };
}

/** An endpoint in a private network would keep its URL but never be allowed to send. */
function refuseStrandedEndpoints(catalog: Catalog, provider: Provider): void {
  if (provider.allowPrivateNetwork) return;
  const stranded = ofProvider(catalog.rows.endpoints, provider.id).find(({ baseUrl }) =>
    isPrivateHost(new URL(baseUrl).hostname),
  );
  if (!stranded) return;
  const message = `Cannot forbid private networks: endpoint "${stranded.name}" lies in one (${stranded.baseUrl})`;
  throw inputFailure('in-use', message, {
    path: ['input', 'allowPrivateNetwork'],
    problem: 'private-endpoint',
    detail: stranded.name,
  });
}
