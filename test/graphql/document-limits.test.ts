// What a document costs, counted by hand; and that the answer tells it to those who ask.

import assert from 'node:assert/strict';
import test from 'node:test';
import { isInterfaceType, isObjectType } from 'graphql';
import { LIMITS, parseWithinLimits } from '../../server/graphql/document-limits.ts';
import { FIELD_WEIGHTS } from '../../server/graphql/field-weights.ts';
import { schema } from '../../server/graphql/schema.ts';
import { graphqlRequest, openBench } from './admin-bench.ts';
import { sampleRows } from './sample-rows.ts';

const costOf = (text: string) => parseWithinLimits(text, schema).cost;

const costs: [document: string, cost: number][] = [
  // One for each field: build and version.
  ['{ build { version } }', 1 + 1],
  // The connection, its list, and a name in each of 10 rows.
  ['{ providers(first: 10) { nodes { name } } }', 1 + (1 + 10)],
  ['{ providers(first: 10) { edges { node { name } } } }', 1 + (1 + 10 * 2)],
  // The default of `first` is 50.
  ['{ providers { nodes { name } } }', 1 + (1 + 50)],
  // A variable may be as large as a page.
  ['query ($n: Int) { providers(first: $n) { nodes { name } } }', 1 + (1 + 200)],
  ['{ providers(first: 100000) { nodes { name } } }', 1 + (1 + 200)],
  // Accounts of a provider: a list without `first` is taken to hold 10.
  ['{ providers(first: 2) { nodes { accounts { name } } } }', 1 + (1 + 2 * (1 + 10))],
  // The count is asked for once, not once for each row.
  ['{ requestLogs(first: 5) { nodes { id } totalCount } }', 1 + (1 + 5) + (1 + 2000)],
  // Either way it is asked; without both it is as many as come by default.
  ['{ requestLogs(last: 5) { nodes { id } } }', 1 + (1 + 5)],
  ['{ requestLogs(last: 100000) { nodes { id } } }', 1 + (1 + 200)],
  ['query ($n: Int) { requestLogs(first: 2, last: $n) { nodes { id } } }', 1 + (1 + 200)],
  ['{ requestLogs { nodes { id } } }', 1 + (1 + 50)],
  // What is refused later takes nothing off what stands beside it.
  ['{ requestLogs(last: -1000000) { nodes { id } } requestLogStats { total } }', 1 + (1 + 1) + 5002],
  ['{ providers(first: -10) { nodes { name } } build { version } }', 1 + (1 + 1) + 2],
  ['{ requestLogStats { total } }', 1 + 5000 + 1],
  // The most costly operation counts.
  ['query A { build { version } } query B { requestLogStats { total } }', 5002],
  // Fragments count wherever they are used, and as many rows as are asked for there.
  [
    '{ a: providers(first: 2) { ...P } b: providers(first: 3) { ...P } } fragment P on ProviderConnection { nodes { name } }',
    1 + (1 + 2) + (1 + (1 + 3)),
  ],
];

for (const [document, cost] of costs) {
  test(`parseWithinLimits counts ${cost} for ${document.slice(0, 70)}`, () => {
    assert.equal(costOf(document), cost);
  });
}

test('parseWithinLimits refuses more questions that scan the log than the budget has room for', () => {
  const replays = (count: number) =>
    `{ ${Array.from({ length: count }, (_, n) => `r${n}: replayPolicy(input: {}) { __typename }`).join(' ')} }`;
  assert.equal(costOf(replays(2)), 2 * 40_002);
  assert.throws(() => costOf(replays(3)), /cost 120006 is above the limit of 100000/);
});

test('parseWithinLimits refuses the points of one chart under many names', () => {
  const columns = (count: number) =>
    `{ intervalTimeline { ${Array.from({ length: count }, (_, n) => `c${n}: columns { minutes }`).join(' ')} } }`;
  // The question itself, and one list of numbers of each.
  assert.equal(costOf(columns(15)), 20_001 + 15 * 5_002);
  assert.throws(() => costOf(columns(16)), /cost 100033 is above the limit of 100000/);
});

test('every weight is of a field there is', () => {
  for (const name of Object.keys(FIELD_WEIGHTS)) {
    const [typeName = '', fieldName = ''] = name.split('.');
    const type = schema.getType(typeName);
    assert.ok((isObjectType(type) || isInterfaceType(type)) && fieldName in type.getFields(), name);
  }
});

test('the answer tells the cost and the budget to those who ask for it', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const body = { query: '{ providers(first: 10) { nodes { name } } }' };
  const ask = async (headers: Record<string, string>) =>
    (await bench.api.fetch(graphqlRequest(body, { headers }), { isLoopback: true })).json();
  assert.deepEqual((await ask({ 'x-warmpath-cost': '1' })).extensions, {
    cost: { cost: 12, limit: LIMITS.cost },
  });
  assert.equal((await ask({})).extensions, undefined);
});

test('the refusal of a document tells how much it has and how much is allowed', async () => {
  const bench = await openBench();
  const { errors } = await bench.call(`{ ${'build { version } '.repeat(21)} }`);
  assert.deepEqual(errors[0]?.extensions, {
    code: 'DOCUMENT_TOO_LARGE',
    limit: 'rootFields',
    value: 21,
    allowed: 20,
  });
});
