// Both languages are complete, every message is used, and no text stands in the pages themselves.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'svelte/compiler';
import { dictionary as en } from '../../ui/src/lib/messages/en.ts';
import { dictionary as zh } from '../../ui/src/lib/messages/zh-cn.ts';
import { fill, localeOf, pluralKey } from '../../ui/src/lib/messages.ts';

const SOURCES = join(import.meta.dirname, '../../ui/src');
const files = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(svelte|ts)$/.test(name) && !name.includes('graphql-env'))
  .map((name) => ({ name, text: readFileSync(join(SOURCES, name), 'utf8') }));
const pages = files.filter(({ name }) => name.endsWith('.svelte'));

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort();

test('messages have the same keys and placeholders in every language, and none is empty', () => {
  assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort());
  for (const [key, text] of Object.entries(en)) {
    const other = Object.entries(zh).find(([name]) => name === key)?.[1] ?? '';
    assert.notEqual(text.trim(), '', key);
    assert.notEqual(other.trim(), '', key);
    assert.deepEqual(placeholders(other), placeholders(text), key);
  }
});

test('messages are translated: few read the same in both languages', () => {
  const same = Object.entries(en).filter(([key, text]) =>
    Object.entries(zh).some(([k, v]) => k === key && v === text),
  );
  // Names of products and dialects stay as they are.
  assert.deepEqual(
    same.map(([key]) => key).filter((key) => !key.startsWith('surface.') && !key.startsWith('preset.')),
    [],
  );
});

test('every message is used', () => {
  const sources = files
    .filter(({ name }) => !name.startsWith('lib/messages'))
    .map(({ text }) => text)
    .join('\n');
  const patterns = [...sources.matchAll(/`([a-zA-Z.]+)\$\{[^}]*\}([a-zA-Z.]*)`/g)].map(([, start, end]) => ({
    start,
    end,
  }));
  const isUsed = (key: string) =>
    sources.includes(`'${key}'`) ||
    patterns.some(({ start, end }) => key.startsWith(start ?? '') && key.endsWith(end ?? '')) ||
    sources.includes(`tn('${key.replace(/\.(one|other)$/, '')}'`);
  assert.deepEqual(
    Object.keys(en).filter((key) => !isUsed(key)),
    [],
  );
});

const BASE_PARTS = ['charts', 'codes', 'routing', 'shared', 'shell', 'table'];
/** Charts that one screen alone draws have their texts with that screen's. */
const CHARTS_OF_SCREENS: readonly [RegExp, string][] = [[/^charts\/[Ss]catter/, 'ttl']];
/** What a screen loads later has its texts with it. */
const LATE_PARTS: readonly [RegExp, string][] = [[/^pages\/requests\/detail\//, 'request-detail']];

test('every screen finds its texts in its own part or in the base, which is all that is loaded with it', async () => {
  const parts = new Map<string, Set<string>>();
  for (const file of readdirSync(join(SOURCES, 'lib/messages/en'))) {
    const module: Record<string, object> = await import(join(SOURCES, 'lib/messages/en', file));
    if (file !== 'base.ts')
      parts.set(file.replace('.ts', ''), new Set(Object.values(module).flatMap(Object.keys)));
  }
  const keysOf = (names: readonly string[]) => new Set(names.flatMap((name) => [...(parts.get(name) ?? [])]));
  const missing = files
    .filter(({ name }) => !name.startsWith('lib/messages'))
    .flatMap(({ name, text }) => {
      const screen =
        /^pages\/([\w-]+)\//.exec(name)?.[1] ?? CHARTS_OF_SCREENS.find(([chart]) => chart.test(name))?.[1];
      const late = LATE_PARTS.filter(([folder]) => folder.test(name)).map(([, part]) => part);
      const loaded = keysOf([...BASE_PARTS, ...(screen ? [screen] : []), ...late]);
      return namedKeys(text)
        .filter((key) => !loaded.has(key) && !loaded.has(`${key}.other`))
        .map((key) => `${name}: ${key}`);
    });
  assert.deepEqual(missing, []);
});

/** Keys that a source writes out, and those that a pattern in it can become. */
function namedKeys(text: string): string[] {
  const written = [...text.matchAll(/'([a-zA-Z]+(?:\.[\w-]+)+)'/g)].map(([, key]) => key ?? '');
  const plurals = new Set(Object.keys(en).map((key) => key.replace(/\.(one|other)$/, '')));
  const patterns = [...text.matchAll(/\bt\(\s*`([a-zA-Z.]+)\$\{[^}]*\}([a-zA-Z.]*)`/g)];
  const possible = patterns.flatMap(([, start = '', end = '']) =>
    Object.keys(en).filter((key) => key.startsWith(start) && key.endsWith(end)),
  );
  return [...written.filter((key) => key in en || plurals.has(key)), ...possible];
}

const TEXT_ATTRIBUTES = new Set([
  'title',
  'aria-label',
  'placeholder',
  'alt',
  'label',
  'lead',
  'text',
  'hint',
]);
/** Examples and addresses that read the same in every language. */
const UNTRANSLATED = new Set(['team-a', 'https://']);

test('no page holds text of its own', () => {
  const found: string[] = [];
  for (const { name, text } of pages) {
    walk(parse(text, { modern: true, filename: name }).fragment, (node) => {
      const words = wordsOf(node);
      if (words !== null && /\p{L}{2,}/u.test(words) && !UNTRANSLATED.has(words))
        found.push(`${name}: ${words}`);
    });
  }
  assert.deepEqual(found, []);
});

test('no page inserts raw HTML', () => {
  for (const { name, text } of pages) assert.doesNotMatch(text, /\{@html/, name);
});

test('localeOf reads Chinese of any region as Simplified Chinese and all else as English', () => {
  assert.deepEqual(['zh', 'zh-TW', 'ZH-hans', 'en-GB', 'de', ''].map(localeOf), [
    'zh-CN',
    'zh-CN',
    'zh-CN',
    'en',
    'en',
    'en',
  ]);
});

test('pluralKey follows the grammar of the language', () => {
  assert.equal(pluralKey('count.requests', 1, 'en'), 'count.requests.one');
  assert.equal(pluralKey('count.requests', 0, 'en'), 'count.requests.other');
  assert.equal(pluralKey('count.requests', 1, 'zh-CN'), 'count.requests.other');
});

test('fill puts values in and does not look at what is inside them', () => {
  assert.equal(fill('{a} and {b}', { a: '{b}', b: '$&' }), '{b} and $&');
});

interface AnyNode {
  type?: string;
  [key: string]: unknown;
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null;
}

function walk(node: unknown, visit: (node: AnyNode) => void): void {
  if (Array.isArray(node)) {
    for (const child of node) walk(child, visit);
    return;
  }
  if (!isNode(node)) return;
  visit(node);
  for (const [key, child] of Object.entries(node)) {
    // Scripts and expressions are code; an attribute's own text is looked at with the attribute.
    if (key !== 'expression' && key !== 'value') walk(child, visit);
  }
}

function wordsOf(node: AnyNode): string | null {
  if (node.type === 'Text' && typeof node.data === 'string') return node.data.trim();
  if (node.type !== 'Attribute' || typeof node.name !== 'string' || !TEXT_ATTRIBUTES.has(node.name))
    return null;
  if (!Array.isArray(node.value)) return null;
  return node.value
    .map((part: unknown) => (isNode(part) && typeof part.data === 'string' ? part.data : ''))
    .join('')
    .trim();
}
