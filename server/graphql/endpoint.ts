// Endpoints: one (base URL, surface) of a provider.

import { uuidv7 } from 'uuidv7';
import * as v from 'valibot';
import { hostOf } from '../gateway/base-url.ts';
import { type Catalog, isBoundTo } from '../gateway/catalog.ts';
import type { Endpoint } from '../gateway/ports.ts';
import { saidIn } from '../gateway/said.ts';
import { SURFACES } from '../wire/surface.ts';
import { checkBaseUrl } from './base-url.ts';
import { builder, VIEWER } from './builder.ts';
import { changed, copyOf, mustFind, ofProvider, sameName } from './catalog-rows.ts';
import { ConditionCodeRef } from './condition-code.ts';
import { DeletePayload, deleteEntry } from './deletion.ts';
import { checkInput, nameField } from './fields.ts';
import { rawId } from './global-id.ts';
import { AccountRef, EndpointRef, ProviderRef } from './refs.ts';
import { SurfaceRef } from './surface.ts';
import { ERRORS, failure, notFound, payload, type UserError, UserErrorRef } from './user-error.ts';
import { conflict, endpointVersion, PRESENT, READ_VERSION, VERSION } from './version.ts';

builder.node(EndpointRef, {
  description: 'One base URL of a provider that speaks one surface; where an attempt goes.',
  authScopes: VIEWER,
  id: { resolve: ({ id }) => id },
  loadOne: (id, { parts }) => copyOf(parts.catalog.current.endpoints.get(id)),
  fields: (t) => ({
    version: t.string({ description: VERSION, resolve: endpointVersion }),
    name: t.exposeString('name', { description: 'Unique within the provider.' }),
    provider: t.field({
      type: ProviderRef,
      description: 'Whose endpoint it is.',
      resolve: ({ providerId }, _args, { parts }) =>
        mustFind(parts.catalog.current.providers.get(providerId), 'the provider'),
    }),
    surface: t.field({
      type: SurfaceRef,
      description: 'The API dialect it speaks.',
      resolve: ({ surface }) => surface,
    }),
    unboundAccounts: t.field({
      type: [AccountRef],
      description:
        'Accounts of the provider whose credential was not given for this origin: they take no requests here until it is given again.',
      resolve: (endpoint, _args, { parts }) =>
        ofProvider(parts.catalog.current.rows.accounts, endpoint.providerId).filter(
          (account) => !isBoundTo(account, endpoint),
        ),
    }),
    troubleReason: t.string({
      nullable: true,
      description:
        'Why its host is passed over for the moment: the name, the connection or TLS failed. Accounts are not blamed for it. Null = it is not.',
      resolve: ({ baseUrl }, _args, { parts }) => parts.health.hostTrouble(hostOf(baseUrl))?.reason ?? null,
    }),
    troubleCode: t.field({
      type: ConditionCodeRef,
      nullable: true,
      description: 'The same for programs.',
      resolve: ({ baseUrl }, _args, { parts }) => parts.health.hostTrouble(hostOf(baseUrl))?.code ?? null,
    }),
    troubleDetail: t.string({
      nullable: true,
      description: 'What the network said, out of `troubleReason`; null = nothing.',
      resolve: ({ baseUrl }, _args, { parts }) =>
        saidIn(parts.health.hostTrouble(hostOf(baseUrl))?.reason ?? ''),
    }),
    baseUrl: t.exposeString('baseUrl', {
      description:
        'Origin and path prefix without a trailing slash; the path of the surface (/v1/messages) is appended.',
    }),
  }),
});

interface EndpointShape {
  endpoint: Endpoint | null;
}

const EndpointPayload = builder
  .objectRef<EndpointShape & { errors: UserError[] }>('EndpointPayload')
  .implement({
    description: 'Result of creating or changing an endpoint.',
    authScopes: VIEWER,
    fields: (t) => ({
      endpoint: t.field({
        type: EndpointRef,
        nullable: true,
        description: PRESENT,
        resolve: ({ endpoint }) => endpoint,
      }),
      errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
    }),
  });

const BASE_URL =
  'https://…, without user name, query and /v1 at the end. http:// and private addresses only when the provider allows private networks.';

const CreateEndpointInput = builder.inputType('CreateEndpointInput', {
  description: 'A new endpoint.',
  fields: (t) => ({
    providerId: t.id({ required: true, description: 'Whose endpoint it is.' }),
    name: t.string({ required: true, description: '1 to 200 characters, unique within the provider.' }),
    surface: t.field({ type: SurfaceRef, required: true, description: 'The API dialect it speaks.' }),
    baseUrl: t.string({ required: true, description: BASE_URL }),
  }),
});

const UpdateEndpointInput = builder.inputType('UpdateEndpointInput', {
  description: 'Changes of an endpoint; what is absent stays.',
  fields: (t) => ({
    version: t.string({ description: READ_VERSION }),
    name: t.string({ description: '1 to 200 characters, unique within the provider.' }),
    surface: t.field({ type: SurfaceRef, description: 'The API dialect it speaks.' }),
    baseUrl: t.string({ description: BASE_URL }),
  }),
});

const endpointFields = v.object({
  name: nameField,
  surface: v.picklist(SURFACES, 'is not a surface'),
  baseUrl: v.string('must be a text'),
});

builder.mutationFields((t) => ({
  createEndpoint: t.field({
    type: EndpointPayload,
    description: 'Adds an endpoint to a provider.',
    args: { input: t.arg({ type: CreateEndpointInput, required: true }) },
    resolve: (_root, { input }, { desk }) =>
      payload<EndpointShape>({ endpoint: null }, () =>
        desk.edit((catalog) => {
          const providerId = rawId('Provider', input.providerId);
          if (!catalog.providers.has(providerId)) throw notFound('the provider', ['input', 'providerId']);
          return putEndpoint(catalog, { id: uuidv7(), providerId, ...checkInput(endpointFields, input) });
        }),
      ),
  }),
  updateEndpoint: t.field({
    type: EndpointPayload,
    description: 'Changes an endpoint. Requests under way finish as they began.',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateEndpointInput, required: true }) },
    resolve: (_root, { id, input }, { desk }) =>
      payload<EndpointShape>({ endpoint: null }, () =>
        desk.edit((catalog) => {
          const endpoint = catalog.endpoints.get(rawId('Endpoint', id));
          if (!endpoint) throw notFound('the endpoint', ['id']);
          const found = {
            what: `the endpoint "${endpoint.name}"`,
            version: endpointVersion(endpoint),
            given: input.version,
          };
          return (
            conflict(found, { endpoint }) ??
            putEndpoint(catalog, changed(endpoint, checkInput(v.partial(endpointFields), input)))
          );
        }),
      ),
  }),
  deleteEndpoint: t.field({
    type: DeletePayload,
    description: 'Removes an endpoint and forgets the affinities bound to it.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, args, context) =>
      deleteEntry(context, { typename: 'Endpoint', code: 'endpoint-deleted' }, (catalog) => {
        const id = rawId('Endpoint', args.id);
        if (!catalog.endpoints.has(id)) throw notFound('the endpoint', ['id']);
        return {
          id,
          changes: [{ kind: 'delete', table: 'endpoint', id }],
          names: (binding) => binding.endpointId === id,
        };
      }),
  }),
}));

function putEndpoint(catalog: Catalog, entered: Endpoint) {
  const { id, providerId } = entered;
  const provider = mustFind(catalog.providers.get(providerId), 'the provider');
  const row: Endpoint = { ...entered, baseUrl: checkBaseUrl(entered.baseUrl, provider) };
  const isTaken = catalog.rows.endpoints.some(
    (other) => other.id !== id && other.providerId === providerId && sameName(other.name, row.name),
  );
  if (isTaken)
    throw failure('name-taken', `Cannot name the endpoint "${row.name}": the provider has one of this name`, [
      'input',
      'name',
    ]);
  return { changes: [{ kind: 'put-endpoint' as const, row }], result: () => ({ endpoint: row }) };
}
