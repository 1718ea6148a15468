// A secret in any argument of any mutation: which arguments the audit log keeps readable is listed here, and no other.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type GraphQLInputType,
  getNamedType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';
import { MAX_STRANGER_NOTES } from '../../server/graphql/desk.ts';
import { schema } from '../../server/graphql/schema.ts';
import { type Bench, openBench } from '../graphql/admin-bench.ts';
import { sampleRows } from '../graphql/sample-rows.ts';

/** Where a text may be a secret. A new argument that may be one belongs into SECRET_ARGUMENTS, and its place here. */
const HIDDEN = [
  'createAccount.input.credential',
  'createEndpoint.input.baseUrl',
  'importConfig.input.text',
  'login.input.password',
  'setup.input.password',
  'setup.input.token',
  'updateAccount.input.credential',
  'updateEndpoint.input.baseUrl',
  'updateSettings.input.alerts.webhookUrl',
];

/** Names, ids, addresses and versions: what is to be known of who changed what. */
const READABLE = `clearModelMapping.name
  clearRequestLogs.filter.apiKeyName clearRequestLogs.filter.requestedModel clearRequestLogs.filter.search
  clearRequestLogs.filter.sessionId
  clearUserAffinities.identifier
  createAccount.input.cacheDomain createAccount.input.name
  createAdminToken.input.name
  createApiKey.input.allowedIps createApiKey.input.name
  createEndpoint.input.name
  createModel.input.displayName createModel.input.name
  createModelMapping.input.aliases createModelMapping.input.upstreamModel
  createProvider.input.name
  createUser.input.email createUser.input.username
  updateAccount.input.cacheDomain updateAccount.input.name updateAccount.input.version
  updateApiKey.input.allowedIps updateApiKey.input.name updateApiKey.input.version
  updateEndpoint.input.name updateEndpoint.input.version
  updateModel.input.displayName updateModel.input.name updateModel.input.version
  updateModelMapping.input.aliases updateModelMapping.input.upstreamModel updateModelMapping.input.version
  updateProvider.input.name updateProvider.input.version
  updateSettings.input.trustedProxies updateSettings.input.version
  updateUser.input.email updateUser.input.username updateUser.input.version`.split(/\s+/);

/** Looks like no secret, so that only the place can hide it. */
const PLANTED = 'plainwordthatisplanted';

interface Place {
  mutation: string;
  /** From the argument down to the text. */
  path: string[];
  isId: boolean;
}

function placesOf(): Place[] {
  return Object.values(schema.getMutationType()?.getFields() ?? {}).flatMap((field) =>
    field.args.flatMap(({ name, type }) => placesIn(type, { mutation: field.name, path: [name] })),
  );
}

function placesIn(type: GraphQLInputType, at: { mutation: string; path: string[] }): Place[] {
  const named = getNamedType(type);
  if (isInputObjectType(named)) {
    return Object.values(named.getFields()).flatMap((field) =>
      placesIn(field.type, { ...at, path: [...at.path, field.name] }),
    );
  }
  return named.name === 'String' || named.name === 'ID' ? [{ ...at, isId: named.name === 'ID' }] : [];
}

/** The least value of the type, with the planted text where the path leads. */
function sampleOf(type: GraphQLInputType, path: readonly string[] | null, text: string): unknown {
  if (isNonNullType(type)) return sampleOf(type.ofType, path, text);
  if (isListType(type)) return path ? [sampleOf(type.ofType, path, text)] : [];
  if (isInputObjectType(type)) {
    const [next, ...rest] = path ?? [];
    const fields = Object.values(type.getFields()).filter(
      (field) => field.name === next || isRequiredInputField(field),
    );
    return Object.fromEntries(
      fields.map((field) => [field.name, sampleOf(field.type, field.name === next ? rest : null, text)]),
    );
  }
  if (path) return text;
  if (isEnumType(type)) return type.getValues()[0]?.name;
  return type.name === 'Boolean' ? true : type.name === 'String' || type.name === 'ID' ? 'x' : 60;
}

async function keptOf(bench: Bench, { mutation, path: [argument = '', ...path] }: Place, text: string) {
  const field = schema.getMutationType()?.getFields()[mutation];
  const args = (field?.args ?? []).filter((arg) => arg.name === argument || isRequiredArgument(arg));
  const variables = Object.fromEntries(
    args.map(({ name, type }) => [name, sampleOf(type, name === argument ? path : null, text)]),
  );
  const declared = args.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  const given = args.map(({ name }) => `${name}: $${name}`).join(', ');
  const query = `mutation (${declared}) { ${mutation}(${given}) { __typename } }`;
  const before = await countOf(bench);
  const { errors } = await bench.call(query, variables);
  assert.ok(
    !errors.some(({ extensions: { code } }) => code === 'GRAPHQL_VALIDATION_FAILED'),
    JSON.stringify(errors),
  );
  assert.equal(await countOf(bench), before + 1, mutation);
  const { nodes } = (await bench.ask('{ auditLog(first: 1) { nodes { action arguments } } }')).auditLog;
  assert.equal(nodes[0].action, mutation);
  return String(nodes[0].arguments);
}

async function countOf(bench: Bench): Promise<number> {
  return (await bench.ask('{ auditLog { totalCount } }')).auditLog.totalCount;
}

test('the audit log keeps no argument that may be a secret, and lists all that it keeps', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const hidden: string[] = [];
  const readable: string[] = [];
  for (const place of placesOf()) {
    const kept = await keptOf(bench, place, PLANTED);
    const isKept = kept.includes(PLANTED);
    if (!isKept) hidden.push([place.mutation, ...place.path].join('.'));
    else if (!place.isId) readable.push([place.mutation, ...place.path].join('.'));
  }
  assert.deepEqual(hidden.toSorted(), HIDDEN);
  assert.deepEqual(readable.toSorted(), READABLE);
});

for (const url of [
  `https://user:${PLANTED}@api.example.com/v1`,
  `https://${PLANTED}@api.example.com/v1`,
  `https://api.example.com/v1?code=${PLANTED}`,
  `https://api.example.com/v1#${PLANTED}`,
  `ftp://api.example.com/${PLANTED}`,
]) {
  test(`the audit log keeps of a base URL its origin and path: ${url}`, async () => {
    const bench = await openBench({ rows: sampleRows() });
    for (const mutation of ['createEndpoint', 'updateEndpoint']) {
      const kept = await keptOf(bench, { mutation, path: ['input', 'baseUrl'], isId: false }, url);
      assert.ok(!kept.includes(PLANTED), kept);
    }
  });
}

test('strangers cannot fill the audit log; what administrators do is always in it', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const attempt = 'mutation { clearAllAffinities { clearedCount } }';
  const nobody = { bearer: null };
  for (let count = 0; count < MAX_STRANGER_NOTES + 5; count += 1) await bench.call(attempt, {}, nobody);
  assert.equal(await countOf(bench), MAX_STRANGER_NOTES);
  assert.deepEqual(bench.logged.map(String), [
    `Error: Cannot note every refused mutation: strangers had ${MAX_STRANGER_NOTES} within the hour, further ones are left out of the audit log`,
  ]);
  await bench.ask(attempt);
  await bench.ask('mutation { createUser(input: { username: "ada" }) { errors { code } } }');
  assert.equal(await countOf(bench), MAX_STRANGER_NOTES + 2);
  await bench.clock.advance(3600_000);
  await bench.call(attempt, {}, nobody);
  assert.equal(await countOf(bench), MAX_STRANGER_NOTES + 3);
});
