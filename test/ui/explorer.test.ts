// What the GraphQL explorer knows of the schema, offers while typing and colours.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildSchema, parse, validate } from 'graphql';
import { completionsAt } from '../../ui/src/pages/explorer/complete.ts';
import { EXAMPLES } from '../../ui/src/pages/explorer/examples.ts';
import { curlOf, readToken, readVariables } from '../../ui/src/pages/explorer/execute.ts';
import { tokensOf } from '../../ui/src/pages/explorer/highlight.ts';
import { fitsAddress, withRun } from '../../ui/src/pages/explorer/kept.ts';
import {
  chosenOperation,
  hasComments,
  operationsOf,
  titleOf,
} from '../../ui/src/pages/explorer/operations.ts';
import { schemaDocs } from '../../ui/src/pages/explorer/read-schema.ts';
import { findInDocs } from '../../ui/src/pages/explorer/schema-docs.ts';

const text = readFileSync(join(import.meta.dirname, '../../schema.graphql'), 'utf8');
const docs = schemaDocs(text);

for (const { name, query } of EXAMPLES) {
  test(`the example ${name} is valid for the schema`, () => {
    assert.deepEqual(
      validate(buildSchema(text), parse(query)).map(({ message }) => message),
      [],
    );
  });
}

test('schemaDocs() holds every type of the schema, with types of fields and arguments', () => {
  const names = Object.keys(buildSchema(text).getTypeMap()).filter((name) => !name.startsWith('__'));
  const builtIn = new Set(['String', 'Int', 'Float', 'Boolean', 'ID']);
  assert.deepEqual([...docs.keys()].sort(), names.filter((name) => !builtIn.has(name)).sort());
  const accounts = docs.get('Query')?.fields.find(({ name }) => name === 'accounts');
  assert.equal(accounts?.type, 'AccountConnection!');
  assert.equal(accounts?.typeName, 'AccountConnection');
  assert.equal(accounts?.arguments.find(({ name }) => name === 'first')?.defaultValue, '50');
  assert.ok(docs.get('AccountState')?.names.some(({ name }) => name === 'PAUSED'));
});

test('findInDocs() finds types before fields, whatever the case, and nothing for nothing', () => {
  const [first, ...others] = findInDocs(docs, 'cachealertend', 50);
  assert.deepEqual(first, { type: 'CacheAlertEnd', field: null });
  assert.ok(others.every(({ field }) => field !== null));
  assert.deepEqual(findInDocs(docs, '  ', 50), []);
  assert.equal(findInDocs(docs, 'a', 7).length, 7);
});

const completed = (before: string) =>
  completionsAt(before, before.length, docs).choices.map((choice) => choice.text);

test('completionsAt() offers fields of the type around, arguments of the field, and operations outside', () => {
  assert.deepEqual(completed('{ affinityS'), ['affinityStats']);
  assert.ok(completed('{ accounts { nodes { credentialL').includes('credentialLast4'));
  assert.ok(completed('mutation { setAccountP').includes('setAccountPaused'));
  assert.deepEqual(completed('{ accounts(fi'), ['filter', 'first']);
  assert.ok(completed('{ accounts(first: 3) { total').includes('totalCount'));
  assert.ok(completed('{ node(id: "x") { ... on Account { inF').includes('inFlight'));
  assert.ok(completed('{ build { version } affinityS').includes('affinityStats'));
  assert.deepEqual(completed('subs'), ['subscription']);
});

test('completionsAt() offers nothing where it knows nothing', () => {
  assert.deepEqual(completed('{ nowhere { x'), []);
  assert.deepEqual(completed('{ accounts(filter: { st'), []);
});

test('completionsAt() says where the word begins that a choice replaces', () => {
  assert.equal(completionsAt('{ build { ver', 13, docs).from, 10);
});

test('tokensOf() covers every character once, of unfinished text too', () => {
  for (const odd of [
    '{ a("',
    '"""x',
    '…%',
    'query ($a: Int = -1.5e3) { b @skip(if: $a) } # end',
    '',
    '\u{FEFF}{\r\n}',
  ]) {
    assert.equal(
      tokensOf(odd)
        .map((token) => token.text)
        .join(''),
      odd,
    );
  }
  assert.deepEqual(
    tokensOf('query($a:Int){b}').map(({ kind }) => kind),
    ['keyword', 'mark', 'variable', 'mark', 'name', 'mark', 'mark', 'name', 'mark'],
  );
});

test('operationsOf() names every operation, whatever stands around it', () => {
  const cases = [
    ['subscription S { a }', ['subscription S']],
    ['# query\nmutation { a }', ['mutation null']],
    ['{ subscription }', ['query null']],
    ['fragment F on T { a { subscription } } subscription { ...F }', ['subscription null']],
    ['query Q($a: T = { subscription: 1 }) { a }', ['query Q']],
    [
      'query A { query } mutation B($a: [Int] = [1]) @live { b(c: { d: 1 }) } { c }',
      ['query A', 'mutation B', 'query null'],
    ],
    ['fragment query on T { a }', []],
    ['fragment F on T { a', []],
    ['} query A', ['query A']],
    ['', []],
  ] as const;
  for (const [text, operations] of cases) {
    assert.deepEqual(
      operationsOf(text).map(({ kind, name }) => `${kind} ${name}`),
      operations,
      text,
    );
  }
});

test('chosenOperation() is the one of the name, else the first', () => {
  const operations = operationsOf('query A { a } mutation B { b }');
  assert.equal(chosenOperation(operations, 'B')?.kind, 'mutation');
  assert.equal(chosenOperation(operations, 'gone')?.name, 'A');
  assert.equal(chosenOperation([], 'A'), null);
});

test('titleOf() calls a document by its operation, else by its first field', () => {
  assert.deepEqual(
    ['query Savings { a }', '# of\n{ accounts { nodes } }', 'fragment F on T { a } { b }', '  ???  '].map(
      titleOf,
    ),
    ['Savings', 'accounts', 'F', '???'],
  );
});

test('hasComments() is not misled by what a string has', () => {
  assert.deepEqual(['{ a # why\n }', '{ a(b: "#1") }'].map(hasComments), [true, false]);
});

test('withRun() keeps the newest, each once, and no mutation, as it may carry a secret', () => {
  const written = (query: string) => ({ query, variables: '' });
  const [a, b] = [written('{ a }'), written('{ b }')];
  assert.deepEqual(withRun([a, b], b), [b, a]);
  assert.deepEqual(withRun([a], { ...a, variables: '{}' }), [{ ...a, variables: '{}' }, a]);
  assert.deepEqual(withRun([a], written('query A { a } mutation B { b }')), [a]);
  // Unfinished text hides where an operation begins.
  for (const unfinished of ['{ a(b: 1 mutation B { b }', '{ a(b: """ mutation B { b }']) {
    assert.deepEqual(withRun([a], written(unfinished)), [a], unfinished);
  }
  assert.deepEqual(withRun([a], written(`{ ${'a '.repeat(30_000)} }`)), [a]);
  const many = Array.from({ length: 30 }, (_, index) => written(`{ a${index} }`));
  assert.equal(withRun(many, a).length, 20);
});

test('fitsAddress() takes neither mutations nor what is too long for an address', () => {
  const fits = (query: string) => fitsAddress({ query, variables: '{}' });
  assert.deepEqual(['{ a }', 'subscription { a }', 'mutation { a }', `{ ${'é'.repeat(700)} }`].map(fits), [
    true,
    true,
    false,
    false,
  ]);
});

test('readVariables() takes JSON objects only; nothing typed is none', () => {
  assert.deepEqual(readVariables(' '), {});
  assert.deepEqual(readVariables('{"a":1}'), { a: 1 });
  for (const wrong of ['[1]', 'null', '1', '{"a":', 'a']) assert.equal(readVariables(wrong), null, wrong);
});

const origin = 'http://localhost:8787';
const byQuery = { origin, isSubscription: false, token: null };

test('curlOf() survives quotes in the document', () => {
  const command = curlOf({ query: `{ a(b: "it's") }`, variables: {} }, byQuery);
  assert.match(command, /it'\\''s/);
  assert.match(command, /\$WARMPATH_ADMIN_TOKEN/);
});

test('curlOf() of a subscription asks for events and shows them as they come', () => {
  const asked = { query: 'subscription { a }', variables: {} };
  const command = curlOf(asked, { ...byQuery, isSubscription: true });
  assert.match(command, /^curl --no-buffer http/);
  assert.match(command, /-H 'accept: text\/event-stream'/);
  assert.doesNotMatch(curlOf(asked, byQuery), /event-stream/);
});

for (const [token, variable] of [
  ['wp_abc', '$WARMPATH_API_KEY'],
  ['wpa_abc', '$WARMPATH_ADMIN_TOKEN'],
  ['of-the-environment', '$WARMPATH_ADMIN_TOKEN'],
] as const) {
  test(`curlOf() puts ${variable} in the place of ${token}`, () => {
    const command = curlOf({ query: '{ a }', variables: {} }, { ...byQuery, token });
    assert.ok(command.includes(`-H "authorization: Bearer ${variable}"`), command);
    assert.ok(!command.includes(token), command);
  });
}

test('readToken() takes a token as it is pasted, and nothing that a header cannot carry', () => {
  for (const pasted of ['wp_a-1', ' wp_a-1\n', 'Bearer wp_a-1', 'bearer  wp_a-1']) {
    assert.equal(readToken(pasted), 'wp_a-1', pasted);
  }
  for (const wrong of ['', '  ', 'wp_a wp_b', 'wp_…', '密钥', 'wp_a\nx-evil: 1']) {
    assert.equal(readToken(wrong), null, wrong);
  }
});
