// Every GraphQL document of the panel is valid against schema.graphql.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  buildSchema,
  concatAST,
  type DocumentNode,
  Kind,
  parse,
  specifiedRules,
  validate,
  visit,
} from 'graphql';

const ROOT = join(import.meta.dirname, '../..');
const SOURCES = join(ROOT, 'ui/src');

const schema = buildSchema(readFileSync(join(ROOT, 'schema.graphql'), 'utf8'));
const documents = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
  .flatMap((name) => {
    const text = readFileSync(join(SOURCES, name), 'utf8');
    return [...text.matchAll(/graphql\(\s*`([^`]*)`/g)].map(([, source]) => ({
      name,
      document: parse(source ?? ''),
    }));
  });

test('the panel has documents', () => {
  assert.ok(documents.length > 30);
});

for (const { name, document } of documents) {
  const [definition] = document.definitions;
  if (definition?.kind !== Kind.OPERATION_DEFINITION) continue;
  test(`${definition.operation} ${definition.name?.value} is valid`, () => {
    const whole = concatAST([document, ...fragmentsOf(document, name)]);
    assert.deepEqual(validate(schema, whole, specifiedRules).map(String), []);
  });
}

/** Fragments are written beside the documents that use them. */
function fragmentsOf(document: DocumentNode, file: string): DocumentNode[] {
  const wanted = new Set<string>();
  visit(document, { FragmentSpread: ({ name }) => void wanted.add(name.value) });
  return documents
    .filter((other) => other.name === file)
    .map((other) => other.document)
    .filter(
      ({ definitions: [first] }) => first?.kind === Kind.FRAGMENT_DEFINITION && wanted.has(first.name.value),
    );
}
