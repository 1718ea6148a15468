// Rules of the whole schema: scopes, descriptions, no secrets, printed file fresh.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { printedSchema, schema } from '../../server/graphql/schema.ts';
import { openBench, sampleRows } from './admin-bench.ts';

/** The login: the only root fields, and the only types, that answer to nobody. */
const OPEN_FIELDS = ['Mutation.login', 'Mutation.logout', 'Mutation.setup', 'Query.session'];
const OPEN_TYPES = ['LoginPayload', 'LogoutPayload', 'Session', 'UserError'];

const ownTypes = Object.values(schema.getTypeMap()).filter(({ name }) => !name.startsWith('__'));

test('schema.graphql is the printed schema', () => {
  const file = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');
  assert.equal(file, printedSchema(), 'run npm run schema');
});

test('schema describes every type, field, argument and enum value that is not a matter of course', () => {
  const bare: string[] = [];
  for (const type of ownTypes) {
    if (!type.description) bare.push(type.name);
    for (const field of fieldsOf(type)) if (!field.description) bare.push(`${type.name}.${field.name}`);
    if (isEnumType(type))
      for (const value of type.getValues()) if (!value.description) bare.push(`${type.name}.${value.name}`);
  }
  const standard = ['Boolean', 'Float', 'ID', 'Int', 'String'];
  assert.deepEqual(
    bare.filter((name) => !standard.includes(name)),
    [],
  );
});

test('schema asks for the admin scope on every type except those of the login', () => {
  const open = ownTypes.filter((type) => isObjectType(type) && !asksForAdmin(type)).map(({ name }) => name);
  assert.deepEqual(open.sort(), OPEN_TYPES);
});

test('schema gives out no secret but that of a new API key', () => {
  const telling = ownTypes
    .filter(isObjectType)
    .flatMap((type) => fieldsOf(type).map((field) => `${type.name}.${field.name}`))
    .filter((name) => /\.(.*(hash|sealed|password|secret|token)|credential)$/i.test(name));
  assert.deepEqual(telling, ['CreateApiKeyPayload.secret']);
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

function asksForAdmin(type: GraphQLNamedType): boolean {
  const options: unknown = type.extensions.pothosOptions;
  return JSON.stringify((options as { authScopes?: unknown }).authScopes) === '{"admin":true}';
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
  if (!isInputObjectType(named)) return '"p1"';
  const required = Object.values(named.getFields()).filter(isRequiredInputField);
  return `{ ${required.map((field) => `${field.name}: ${literal(field.type)}`).join(', ')} }`;
}
