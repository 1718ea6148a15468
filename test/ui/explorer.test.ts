// What the GraphQL explorer knows of the schema, offers while typing and colours.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildSchema, parse, validate } from 'graphql';
import { completionsAt } from '../../ui/src/pages/explorer/complete.ts';
import { EXAMPLES } from '../../ui/src/pages/explorer/examples.ts';
import { curlOf, readVariables } from '../../ui/src/pages/explorer/execute.ts';
import { operationOf, tokensOf } from '../../ui/src/pages/explorer/highlight.ts';
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

test('operationOf() names the first operation, whatever stands before it', () => {
  const cases = [
    ['subscription S { a }', 'subscription'],
    ['# query\nmutation { a }', 'mutation'],
    ['{ subscription }', 'query'],
    ['fragment F on T { a { subscription } } subscription { ...F }', 'subscription'],
    ['query Q($a: T = { subscription: 1 }) { a }', 'query'],
    ['fragment F on T { a', null],
    ['', null],
  ] as const;
  for (const [text, operation] of cases) assert.equal(operationOf(text), operation, text);
});

test('readVariables() takes JSON objects only; nothing typed is none', () => {
  assert.deepEqual(readVariables(' '), {});
  assert.deepEqual(readVariables('{"a":1}'), { a: 1 });
  for (const wrong of ['[1]', 'null', '1', '{"a":', 'a']) assert.equal(readVariables(wrong), null, wrong);
});

test('curlOf() survives quotes in the document', () => {
  const command = curlOf({ query: `{ a(b: "it's") }`, variables: {} }, 'http://localhost:8787');
  assert.match(command, /it'\\''s/);
  assert.match(command, /\$WARMPATH_ADMIN_TOKEN/);
});
