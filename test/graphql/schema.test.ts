// Rules of the whole schema: scopes, descriptions, no secrets, printed file fresh.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { printedSchema, schema } from '../../server/graphql/schema.ts';
import { openBench } from './admin-bench.ts';
import { sampleRows } from './sample-rows.ts';

/** The login: the only root fields, and the only types, that answer to nobody. */
const OPEN_FIELDS = ['Mutation.login', 'Mutation.logout', 'Mutation.setup', 'Query.session'];
const OPEN_TYPES = ['LoginPayload', 'LogoutPayload', 'Session', 'UserError'];

/** Fields whose text could hold a secret by their name, and why none does. */
const HARMLESS_FIELDS: Readonly<Record<string, string>> = {
  'Account.credentialFingerprint': 'keyed digest: tells credentials apart and nothing else',
  'Account.credentialLast4': 'four characters, none of a short credential',
  'Affinity.affinityKey': 'digest of who and what',
  'Affinity.apiKeyPrefix': 'the masked form',
  'AlertSettings.webhookOrigin': 'the origin only; secrets of webhooks are in the path',
  'ClearPayload.clearedKeys': 'global ids',
  'CreateAdminTokenPayload.secret': 'shown once, to who makes it',
  'CreateApiKeyPayload.secret': 'shown once, to who makes it',
  'RequestLog.apiKeyName': 'the name',
};
const TELLING_WORDS =
  /^(secrets?|token|credentials?|password|hash|sealed|cookie|keys?|webhook|authorization)$/;

const ownTypes = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));

test('schema.graphql is the printed schema', () => {
  const file = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');
  assert.equal(file, printedSchema(), 'run npm run schema');
});

test('schema describes every type, field, argument, input field and enum value', () => {
  const bare: string[] = [];
  for (const type of ownTypes) {
    if (!type.description) bare.push(type.name);
    for (const field of fieldsOf(type)) {
      if (!field.description) bare.push(`${type.name}.${field.name}`);
      for (const { name, description } of 'args' in field ? field.args : [])
        if (!description) bare.push(`${type.name}.${field.name}(${name})`);
    }
    if (isEnumType(type))
      for (const value of type.getValues()) if (!value.description) bare.push(`${type.name}.${value.name}`);
  }
  const standard = ['Boolean', 'Float', 'ID', 'Int', 'String'];
  assert.deepEqual(
    bare.filter((name) => !standard.includes(name)),
    [],
  );
});

test('every field of the schema has a scope, its own or that of its type, except those of the login', () => {
  const open = objectFields()
    .filter(([type, field]) => scopeOf(type, field) === null)
    .map(([type, field]) => (OPEN_TYPES.includes(type.name) ? type.name : `${type.name}.${field.name}`));
  assert.deepEqual([...new Set(open)].sort(), [...OPEN_FIELDS, ...OPEN_TYPES].sort());
});

test('scopes are one of the four roles, and every mutation asks for an operator at least', () => {
  const roles = objectFields().map(([type, field]) => scopeOf(type, field));
  assert.deepEqual([...new Set(roles)].sort(), ['admin', 'operator', 'own', 'viewer', null].sort());
  const mutations = objectFields().filter(([type]) => type.name === 'Mutation');
  for (const [type, field] of mutations) {
    if (OPEN_FIELDS.includes(`Mutation.${field.name}`)) continue;
    assert.match(scopeOf(type, field) ?? 'open', /^(admin|operator)$/, field.name);
  }
});

test('schema gives out no secret but that of a new API key or admin token', () => {
  const telling = objectFields()
    .filter(([, field]) => /^(String|ID)$/.test(getNamedType(field.type).name))
    .filter(([, { name }]) => words(name).some((word) => TELLING_WORDS.test(word)))
    .map(([type, { name }]) => `${type.name}.${name}`);
  assert.deepEqual(telling.sort(), Object.keys(HARMLESS_FIELDS).sort());
});

for (const [root, field] of rootFields()) {
  const name = `${root.name}.${field.name}`;
  const isOpen = OPEN_FIELDS.includes(name);
  test(`${name} ${isOpen ? 'answers' : 'refuses'} a caller without a login`, async () => {
    const bench = await openBench({ rows: sampleRows() });
    const before = JSON.stringify(bench.store.rows);
    const { status, data, errors } = await bench.call(minimalDocument(root, field), {}, { bearer: null });
    assert.equal(JSON.stringify(bench.store.rows), before);
    if (isOpen) {
      assert.deepEqual(errors, []);
      return;
    }
    assert.equal(status, 401);
    assert.equal(errors[0]?.extensions.code, 'UNAUTHENTICATED');
    assert.equal(data?.[field.name] ?? null, null);
  });
}

function rootFields(): [GraphQLNamedType, GraphQLField<unknown, unknown>][] {
  const roots = [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()];
  return roots.flatMap((root) =>
    root
      ? Object.values(root.getFields()).map(
          (field) => [root, field] as [GraphQLNamedType, GraphQLField<unknown, unknown>],
        )
      : [],
  );
}

function fieldsOf(type: GraphQLNamedType) {
  return isObjectType(type) || isInterfaceType(type) || isInputObjectType(type)
    ? Object.values(type.getFields())
    : [];
}

function objectFields(): [GraphQLObjectType, GraphQLField<unknown, unknown>][] {
  return ownTypes
    .filter((type) => isObjectType(type))
    .flatMap((type) =>
      Object.values(type.getFields()).map(
        (field) => [type, field] as [GraphQLObjectType, GraphQLField<unknown, unknown>],
      ),
    );
}

/** The role a field asks for; null when it answers to anybody. */
function scopeOf(type: GraphQLObjectType, field: GraphQLField<unknown, unknown>): string | null {
  const own = optionsOf(field);
  const scopes = own.authScopes ?? (own.skipTypeScopes ? undefined : optionsOf(type).authScopes);
  const [role, ...others] = Object.entries(scopes ?? {}).filter(([, isAsked]) => isAsked);
  assert.deepEqual(others, [], `${type.name}.${field.name} has several scopes`);
  return role?.[0] ?? null;
}

interface ScopeOptions {
  authScopes?: Record<string, boolean>;
  skipTypeScopes?: boolean;
}

function optionsOf({ extensions }: { extensions: { pothosOptions?: unknown } }): ScopeOptions {
  return (extensions.pothosOptions ?? {}) as ScopeOptions;
}

/** `credentialLast4` → credential, last4. */
function words(name: string): string[] {
  return name.split(/(?=[A-Z])/).map((word) => word.toLowerCase());
}

function minimalDocument(root: GraphQLNamedType, field: GraphQLField<unknown, unknown>): string {
  const required = field.args.filter(isRequiredArgument).map((arg) => `${arg.name}: ${literal(arg.type)}`);
  const args = required.length > 0 ? `(${required.join(', ')})` : '';
  return `${root.name.toLowerCase()} { ${field.name}${args} { __typename } }`;
}

function literal(type: GraphQLInputType): string {
  const named = getNamedType(type);
  if (isEnumType(named)) return named.getValues()[0]?.name ?? '';
  if (named.name === 'Boolean') return 'true';
  if (named.name === 'Int') return '60';
  if (!isInputObjectType(named)) return '"p1"';
  const required = Object.values(named.getFields()).filter(isRequiredInputField);
  return `{ ${required.map((field) => `${field.name}: ${literal(field.type)}`).join(', ')} }`;
}
