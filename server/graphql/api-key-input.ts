// The restrictions of an API key as they are entered: inputs, their checks, and the step to the row's fields.

import * as v from 'valibot';
import type { Catalog } from '../gateway/catalog.ts';
import {
  type KeyRestrictions,
  MAX_BUDGET_USD,
  MAX_CONCURRENT,
  MAX_LIST_ENTRIES,
  MAX_PER_MINUTE,
} from '../gateway/key-restrictions.ts';
import { SURFACES } from '../wire/surface.ts';
import { builder } from './builder.ts';
import {
  aboveZero,
  checkInput,
  ipRangesField,
  nameField,
  switchField,
  tooLong,
  wholeNumber,
} from './fields.ts';
import { rawId } from './global-id.ts';
import { SurfaceRef } from './surface.ts';
import { inputFailure, notFound } from './user-error.ts';
import { READ_VERSION } from './version.ts';

type InputFields = Parameters<Parameters<typeof builder.inputType>[1]['fields']>[0];

const LIST = 'null = all, an empty list = none.';

function restrictionInputs(t: InputFields) {
  return {
    expiresAt: t.field({
      type: 'DateTime',
      description: 'The key is refused from then on; must lie in the future. Null = never.',
    }),
    allowedModelIds: t.idList({ description: `Models it may ask for: ${LIST}` }),
    allowedProviderIds: t.idList({ description: `Providers it may be sent to: ${LIST}` }),
    allowedSurfaces: t.field({ type: [SurfaceRef], description: `API dialects it may use: ${LIST}` }),
    allowedIps: t.stringList({
      description: `Addresses and CIDR ranges (IPv4, IPv6) it may be used from: ${LIST} At most ${MAX_LIST_ENTRIES}.`,
    }),
    requestsPerMinute: t.int({ description: 'Requests in any 60 s. Null = no limit.' }),
    tokensPerMinute: t.int({ description: 'Input and output tokens together. Null = no limit.' }),
    maxConcurrent: t.int({ description: 'Requests at the same time. Null = no limit.' }),
    budgetUsdPerDay: t.float({ description: 'USD per day, UTC. Null = no limit.' }),
    budgetUsdPerMonth: t.float({ description: 'USD per calendar month, UTC. Null = no limit.' }),
  };
}

export const CreateApiKeyInput = builder.inputType('CreateApiKeyInput', {
  description: 'A new API key; what is absent is not restricted.',
  fields: (t) => ({
    name: t.string({ required: true, description: '1 to 200 characters, unique whatever the case.' }),
    userId: t.id({ description: 'Whose key it is; null = standalone.' }),
    ...restrictionInputs(t),
  }),
});

export const UpdateApiKeyInput = builder.inputType('UpdateApiKeyInput', {
  description: 'Changes of an API key; what is absent stays, null clears userId and lifts a restriction.',
  fields: (t) => ({
    version: t.string({ description: READ_VERSION }),
    name: t.string({ description: '1 to 200 characters, unique whatever the case.' }),
    userId: t.id({ description: 'Whose key it is; null = standalone.' }),
    enabled: t.boolean({ description: 'A key that is not enabled is refused from the next request on.' }),
    ...restrictionInputs(t),
  }),
});

const limited = <const Schema extends v.GenericSchema>(schema: Schema) => v.optional(v.nullable(schema));
const perMinute = limited(wholeNumber(1, MAX_PER_MINUTE));
const budget = limited(aboveZero(MAX_BUDGET_USD));
const TOO_LONG = tooLong(MAX_LIST_ENTRIES, 'entries');
const idsField = limited(v.pipe(v.array(v.string('must be an id')), v.maxLength(MAX_LIST_ENTRIES, TOO_LONG)));

const apiKeyFields = v.object({
  name: nameField,
  enabled: switchField,
  expiresAt: limited(v.number()),
  allowedModelIds: idsField,
  allowedProviderIds: idsField,
  allowedSurfaces: limited(v.array(v.picklist(SURFACES))),
  allowedIps: limited(ipRangesField),
  requestsPerMinute: perMinute,
  tokensPerMinute: perMinute,
  maxConcurrent: limited(wholeNumber(1, MAX_CONCURRENT)),
  budgetUsdPerDay: budget,
  budgetUsdPerMonth: budget,
});

export type ApiKeyEntry = Omit<typeof UpdateApiKeyInput.$inferInput, 'userId'>;

/** The row's fields with what was entered; throws every problem as an ExpectedFailure. What is absent stays. */
export function checkApiKey<Row extends KeyRestrictions & { name: string; isEnabled: boolean }>(
  row: Row,
  input: ApiKeyEntry,
  { catalog, nowMs }: { catalog: Catalog; nowMs: number },
): Row {
  const given = checkInput(apiKeyFields, { name: row.name, enabled: row.isEnabled, ...input });
  const { name, enabled, expiresAt, allowedModelIds, allowedProviderIds, allowedSurfaces, ...others } = given;
  if (typeof expiresAt === 'number' && expiresAt !== row.expiresAtMs && expiresAt <= nowMs) {
    throw inputFailure('invalid-value', 'Cannot accept expiresAt: it must lie in the future', {
      path: ['input', 'expiresAt'],
      problem: 'in-the-past',
    });
  }
  const ids = <Kept extends string[] | null>(
    list: readonly string[] | null | undefined,
    of: { kept: Kept; typename: 'Model' | 'Provider'; field: string; known: ReadonlyMap<string, unknown> },
  ) => (list === undefined ? of.kept : list && knownIds(list, of));
  return {
    ...row,
    ...stated(others),
    name,
    isEnabled: enabled,
    expiresAtMs: expiresAt === undefined ? row.expiresAtMs : expiresAt,
    allowedModelIds: ids(allowedModelIds, {
      kept: row.allowedModelIds,
      typename: 'Model',
      field: 'allowedModelIds',
      known: catalog.models,
    }),
    allowedProviderIds: ids(allowedProviderIds, {
      kept: row.allowedProviderIds,
      typename: 'Provider',
      field: 'allowedProviderIds',
      known: catalog.providers,
    }),
    allowedSurfaces:
      allowedSurfaces === undefined ? row.allowedSurfaces : allowedSurfaces && [...new Set(allowedSurfaces)],
  };
}

function knownIds(
  list: readonly string[],
  { typename, field, known }: { typename: string; field: string; known: ReadonlyMap<string, unknown> },
): string[] {
  const ids = list.map((text, index) => {
    const id = rawId(typename, text);
    if (!known.has(id)) throw notFound(`the ${typename.toLowerCase()}`, ['input', field, String(index)]);
    return id;
  });
  return [...new Set(ids)];
}

/** An update that leaves a field out may still name it, as undefined. */
function stated<Values extends object>(values: Values): Partial<Values> {
  const given: Partial<Values> = {};
  for (const key in values) if (values[key] !== undefined) given[key] = values[key];
  return given;
}
