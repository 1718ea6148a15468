// What the README tells people to paste is true: queries fit the schema, scripts and files exist, the config is valid.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { buildSchema, Kind, parse, validate } from 'graphql';
import { parseConfig } from '../server/config/file.ts';

const root = join(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const readme = read('README.md');
const blocks = (language: string) =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(
    ([, text]) => text ?? '',
  );

test('README queries, mutations and subscriptions are valid against schema.graphql', () => {
  const schema = buildSchema(read('schema.graphql'));
  const operations = blocks('graphql').flatMap((text) => parse(text).definitions);
  assert.ok(operations.length > 15, String(operations.length));
  for (const operation of operations) {
    const { loc } = operation;
    const errors = validate(schema, { kind: Kind.DOCUMENT, definitions: [operation] });
    assert.deepEqual(
      errors.map(({ message }) => message),
      [],
      loc?.source.body.slice(loc.start, loc.end),
    );
  }
});

test('README configuration is valid', async () => {
  for (const text of blocks('yaml')) {
    const env = new Proxy<Record<string, string>>({}, { get: () => 'sk-some-credential-000' });
    const { problems } = await parseConfig(text, { env, readFile: () => Promise.resolve('') });
    assert.deepEqual(problems, []);
  }
});

test('README names scripts that exist', () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(read('package.json'));
  const named = [...readme.matchAll(/npm (?:run )?([a-z:]+)/g)].map(([, name]) => name ?? '');
  for (const name of new Set(named)) assert.ok(name in scripts, name);
});

test('README links to files that exist', () => {
  const links = [...readme.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path]) => path ?? '');
  assert.ok(links.length >= 5);
  for (const path of links) assert.ok(existsSync(join(root, path)), path);
});
