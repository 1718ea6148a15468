// Every GraphQL document of the panel is valid against schema.graphql and far from what a document may cost, and the build
// names it by the digest of its text.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildSchema, parse, print, specifiedRules, validate } from 'graphql';
import { LIMITS, parseWithinLimits } from '../../server/graphql/document-limits.ts';
import { findDocuments, manifestOf, withoutTexts } from '../../ui/documents.ts';

const ROOT = join(import.meta.dirname, '../..');
const SOURCES = join(ROOT, 'ui/src');

const schema = buildSchema(readFileSync(join(ROOT, 'schema.graphql'), 'utf8'));
const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(ts|svelte)$/.test(name) && !name.endsWith('.d.ts'))
  .map((name) => ({ path: name.replaceAll('\\', '/'), text: readFileSync(join(SOURCES, name), 'utf8') }));
const documents = findDocuments(files);
const operations = documents.filter(({ operation }) => operation !== null);
/** A field more in a list of a list must not bring a screen down. */
const MAX_COST = 0.6 * LIMITS.cost;

test('the panel has documents, each with a name of its own', () => {
  assert.ok(operations.length > 40);
  assert.equal(new Set(operations.map(({ name }) => name)).size, operations.length);
});

for (const { operation, name, text } of operations) {
  test(`${operation} ${name} is valid`, () => {
    assert.deepEqual(validate(schema, parse(text), specifiedRules).map(String), []);
  });

  test(`${operation} ${name} costs at most ${MAX_COST}`, () => {
    const { cost } = parseWithinLimits(text, schema);
    assert.ok(cost > 0 && cost <= MAX_COST, `${cost}`);
  });
}

test('findDocuments names a document by the digest of its text with all fragments', () => {
  const text =
    'query Q {\n  a {\n    ...Outer\n  }\n}\n\nfragment Outer on A {\n  ...Inner\n}\n\nfragment Inner on A {\n  id\n}';
  const found = findDocuments([
    { path: 'one.ts', text: 'export const INNER = graphql(`fragment Inner on A { id }`);' },
    {
      path: 'two.ts',
      text: 'const OUTER = graphql(`fragment Outer on A { ...Inner }`, [INNER]);\nconst Q = graphql(\n`query Q { a { ...Outer } }`,\n [OUTER],\n);',
    },
  ]);
  const query = found.find(({ name }) => name === 'Q');
  assert.equal(query?.text, text);
  assert.equal(query?.id, `sha256:${createHash('sha256').update(text).digest('hex')}`);
  assert.deepEqual(manifestOf(found), { [query?.id ?? '']: text });
});

test('findDocuments takes the fragment of the same file, and refuses to guess among others', () => {
  const fragment = (field: string) => `graphql(\`fragment F on A { ${field} }\`)`;
  const one = { path: 'one.ts', text: `${fragment('x')}; graphql(\`query Q { ...F }\`, [F])` };
  const two = { path: 'two.ts', text: fragment('y') };
  const found = findDocuments([two, one]);
  assert.match(found.find(({ name }) => name === 'Q')?.text ?? '', /x/);
  const three = { path: 'three.ts', text: 'graphql(`query R { ...F }`, [F])' };
  assert.throws(() => findDocuments([one, two, three]), /Cannot find fragment F of three\.ts: 2 have/);
});

test('findDocuments refuses a call that it cannot understand', () => {
  const file = { path: 'one.ts', text: 'graphql("query Q { a }")' };
  assert.throws(() => findDocuments([file]), /Cannot find all documents of one\.ts: 0 of 1/);
});

test('withoutTexts leaves the id and the kind of an operation, and nothing of its text', () => {
  const file = {
    path: 'one.ts',
    text: 'const a = 1;\nconst Q = graphql(`mutation Q { secretField }`);\nconst b = 2;',
  };
  const found = findDocuments([file]);
  const text = withoutTexts(file, found);
  const stub = { kind: 'Document', definitions: [], documentId: found[0]?.id, operation: 'mutation' };
  assert.equal(text, `const a = 1;\nconst Q = (${JSON.stringify(stub)});\nconst b = 2;`);
});

test('withoutTexts leaves no text in any source of the panel', () => {
  for (const file of files) assert.doesNotMatch(withoutTexts(file, documents), /\bgraphql\(\s*`/, file.path);
});

test('the built panel was built from these documents', {
  skip: !existsSync(join(ROOT, 'server/panel/assets.js')),
}, async () => {
  const { panelDocuments } = await import('../../server/panel/documents.ts');
  const built = Object.fromEntries(await panelDocuments());
  assert.deepEqual(built, manifestOf(documents), 'run npm run build');
});

test('the text of a document is as graphql-js prints it, so that both sides agree on the digest', () => {
  for (const { text } of operations) assert.equal(print(parse(text)), text);
});
