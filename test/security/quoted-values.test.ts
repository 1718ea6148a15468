// What is wrong with the arguments of a call is told without the arguments: they may be credentials.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GraphQLError } from 'graphql';
import { withoutValues } from '../../server/graphql/error-values.ts';
import { type Bench, graphqlRequest, openBench } from '../graphql/admin-bench.ts';
import { sampleRows } from '../graphql/sample-rows.ts';

const SECRET = 'a-planted-Secret-42';
const WORD = 'aPlantedSecret42';

const CREATE = 'mutation ($input: CreateAccountInput!) { createAccount(input: $input) { errors { code } } }';
const TOKEN =
  'mutation ($input: CreateAdminTokenInput!) { createAdminToken(input: $input) { errors { code } } }';
const whole = { providerId: 'p1', name: 'new', credential: SECRET };

/** The body of a call, and what of the reason must still be told. */
const CALLS: readonly (readonly [name: string, body: unknown, told: RegExp])[] = [
  [
    'a missing field',
    { query: CREATE, variables: { input: { credential: SECRET } } },
    /\$input.*required field "name"/,
  ],
  ['no object', { query: CREATE, variables: { input: SECRET } }, /\$input.*to be an object/],
  [
    'an unknown field',
    { query: CREATE, variables: { input: { ...whole, weigth: 1 } } },
    /unknown field "weigth"/,
  ],
  [
    'a field named so',
    { query: CREATE, variables: { input: { ...whole, [`${SECRET}, found: x`]: 1 } } },
    /unknown field/,
  ],
  [
    'no text',
    { query: CREATE, variables: { input: { ...whole, credential: { [SECRET]: SECRET } } } },
    /"input\.credential".*String/,
  ],
  [
    'no number',
    { query: CREATE, variables: { input: { ...whole, weight: SECRET } } },
    /"input\.weight".*Int/,
  ],
  [
    'no enum value',
    { query: TOKEN, variables: { input: { name: 'x', role: SECRET } } },
    /"input\.role".*"Role" enum/,
  ],
  [
    'no enum text',
    { query: TOKEN, variables: { input: { name: 'x', role: [SECRET] } } },
    /"input\.role".*Enum "Role"/,
  ],
  [
    'no time',
    { query: TOKEN, variables: { input: { name: 'x', role: 'VIEWER', expiresAt: SECRET } } },
    /"input\.expiresAt".*DateTime/,
  ],
  [
    'no id',
    { query: 'query ($id: ID!) { requestLog(id: $id) { id } }', variables: { id: [SECRET] } },
    /\$id.*ID cannot/,
  ],
  [
    'no flag',
    { query: 'query ($if: Boolean!) { session @include(if: $if) { role } }', variables: { if: SECRET } },
    /\$if.*Boolean/,
  ],
  ['a literal without a field', literal(`{ credential: "${SECRET}" }`), /required field "name"/],
  ['a literal that is no object', literal(`"${SECRET}"`), /to be an object/],
  [
    'a literal list',
    literal(`{ providerId: "x", name: "x", credential: ["${SECRET}", 1] }`),
    /String cannot/,
  ],
  [
    'a literal unknown field',
    literal(`{ providerId: "x", name: "x", credential: "${SECRET}", weigth: 1 }`),
    /"weigth"/,
  ],
  [
    'a literal enum',
    { query: `mutation { createAdminToken(input: { name: "x", role: "${SECRET}" }) { errors { code } } }` },
    /Enum "Role"/,
  ],
  [
    'a word as enum',
    { query: `mutation { createAdminToken(input: { name: "x", role: ${WORD} }) { errors { code } } }` },
    /"Role" enum/,
  ],
  [
    'a default',
    {
      query: `mutation ($i: CreateAccountInput = { credential: "${SECRET}" }) { createAccount(input: $i) { errors { code } } }`,
    },
    /"name"/,
  ],
  ['broken syntax', literal(`{ providerId: "x" "${SECRET}" }`), /found String/],
  ['broken syntax, block', literal(`{ providerId: "x" """${SECRET}""" }`), /found BlockString/],
  ['broken syntax, word', literal(`{ providerId ${WORD} }`), /found Name/],
  ['broken JSON', `{"query": ${SECRET}`, /invalid JSON/],
  ['a parameter named so', { query: '{ session { role } }', [SECRET]: 1 }, /Unexpected parameter/],
  ['variables that are text', { query: '{ session { role } }', variables: SECRET }, /"variables"/],
  ['an operation named so', { query: '{ session { role } }', operationName: SECRET }, /operation/],
];

function literal(input: string) {
  return { query: `mutation { createAccount(input: ${input}) { errors { code } } }` };
}

async function answerTo(bench: Bench, body: unknown): Promise<string> {
  const response = await bench.api.fetch(graphqlRequest(body), { isLoopback: true });
  return response.text();
}

for (const [name, body, told] of CALLS) {
  test(`an argument that does not fit is told without its value: ${name}`, async () => {
    const bench = await openBench({ rows: sampleRows() });
    const text = await answerTo(bench, body);
    const { errors } = JSON.parse(text);
    assert.ok(errors.length > 0);
    assert.match(errors.map(({ message }: { message: string }) => message).join('\n'), told);
    for (const secret of [SECRET, WORD, 'Secret']) assert.ok(!text.includes(secret), text);
    assert.ok(!JSON.stringify(bench.logged.map(String)).includes('Secret'));
  });
}

test('a stream tells what does not fit without its value', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const url = 'http://127.0.0.1:8787/graphql/stream';
  const headers = { authorization: 'Bearer an-admin-token-for-tests', 'content-type': 'application/json' };
  const info = { isLoopback: true };
  const reserved = await bench.api.fetch(new Request(url, { method: 'PUT', headers }), info);
  const withToken = { ...headers, 'x-graphql-event-stream-token': await reserved.text() };
  const body = JSON.stringify({
    query: CREATE,
    variables: { input: { credential: SECRET } },
    extensions: { operationId: 'one' },
  });
  await bench.api.fetch(new Request(url, { method: 'POST', headers: withToken, body }), info);
  const stream = await bench.api.fetch(new Request(url, { headers: withToken }), info);
  const reader = stream.body?.getReader();
  let text = '';
  for (let reads = 0; reads < 5 && !text.includes('event: next'); reads += 1) {
    text += new TextDecoder().decode((await reader?.read())?.value);
  }
  await reader?.cancel();
  assert.match(text, /required field/);
  assert.ok(!text.includes(SECRET), text);
});

test('withoutValues() tells where and why, whatever the value looks like', () => {
  const reason = 'String cannot represent a non string value: { a: "; x at \\"y\\"" }';
  const tricky = new GraphQLError(
    `Variable "$i" got invalid value { a: "; x at \\"y\\"" } at "i.list[0].name"; ${reason}`,
    {
      originalError: new GraphQLError(reason),
    },
  );
  assert.equal(
    withoutValues(tricky),
    'Variable "$i" at "i.list[0].name" got an invalid value: String cannot represent a non string value.',
  );
  const unexplained = new GraphQLError('Variable "$i" got invalid value "x"; something else: "x"');
  assert.equal(withoutValues(unexplained), 'Variable "$i" got an invalid value.');
  const others = [
    'Cannot read the cursor: it is not one of this list',
    'Variable "$i" of required type "ID!" was not provided.',
    'Cannot query field "x" on type "Query".',
    'Syntax Error: Unexpected Name "qurey".',
    'Syntax Error: Expected "{", found <EOF>.',
  ];
  for (const message of others) assert.equal(withoutValues(new GraphQLError(message)), message);
});
