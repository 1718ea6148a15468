// Who deletes is asked first: every dialog that confirms wants a word typed, but for what comes back by itself or harms nobody.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const SOURCES = join(import.meta.dirname, '../../ui/src');
const PAGES = readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.svelte'))
  .map((name) => ({ name, text: readFileSync(join(SOURCES, name), 'utf8') }));

/** Titles of confirmations without a word, and why. */
const WITHOUT_WORD: Readonly<Record<string, string>> = {
  'clear.one.title': 'the next request binds again',
  'clear.key.title': 'the next requests bind again',
  'clear.user.title': 'the next requests bind again',
  'clear.provider.title': 'the next requests bind again',
  'clear.some.title': 'the next requests bind again',
  'models.cache.clearAll': 'it fills again by itself',
  'models.clear.title': 'it is looked up again by itself',
};

function confirmations(): { name: string; title: string; tag: string }[] {
  return PAGES.flatMap(({ name, text }) =>
    [...text.matchAll(/<Confirm\s[\s\S]*?\/>/g)].map(([tag]) => ({
      name,
      title: /title=\{tn?\('([^']+)'/.exec(tag)?.[1] ?? '',
      tag,
    })),
  );
}

test('every confirmation wants a word typed, or is known to do no harm', () => {
  const found = confirmations();
  assert.ok(found.length >= 12, `${found.length} confirmations`);
  const wordless = found.filter(
    ({ tag, title }) => !/\bword=/.test(tag) && !Object.hasOwn(WITHOUT_WORD, title),
  );
  assert.deepEqual(
    wordless.map(({ name, title }) => `${name}: ${title}`),
    [],
  );
});

test('every exception is still a confirmation without a word', () => {
  const wordless = confirmations().filter(({ tag }) => !/\bword=/.test(tag));
  const titles = new Set(wordless.map(({ title }) => title));
  assert.deepEqual(
    Object.keys(WITHOUT_WORD).filter((title) => !titles.has(title)),
    [],
  );
});
