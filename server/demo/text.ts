// Writes plausible coding-agent prose and code from a seed. ASCII only, so that bytes are characters. Pure.

import { BYTES_PER_TOKEN } from './prefix-hash.ts';
import type { Random } from './random.ts';

const SUBJECTS = ['the parser', 'this test', 'the retry loop', 'the cache key', 'our config reader'] as const;
const VERBS = ['rejects', 'returns', 'rebuilds', 'ignores', 'duplicates', 'awaits', 'caches'] as const;
const OBJECTS = [
  'an empty list',
  'the last line of the file',
  'a stale handle',
  'the second argument',
  'every timestamp it is given',
  'the wrong account',
] as const;
const ENDINGS = [
  'so the fix belongs one level up',
  'which explains the failing assertion',
  'and the types do not say so',
  'before the first byte is written',
  'only when two requests overlap',
  'as the log of the last run shows',
] as const;

/** Exactly `tokens` tokens of text. */
export function writeText(random: Random, tokens: number): string {
  const wantedBytes = tokens * BYTES_PER_TOKEN;
  const sentences: string[] = [];
  let bytes = 0;
  while (bytes < wantedBytes) {
    const sentence = writeSentence(random);
    sentences.push(sentence);
    bytes += sentence.length;
  }
  return sentences.join('').slice(0, wantedBytes);
}

function writeSentence(random: Random): string {
  const subject = random.pick(SUBJECTS);
  const start = subject.charAt(0).toUpperCase() + subject.slice(1);
  const line = random.chance(0.3) ? ` (line ${random.int(1, 900)})` : '';
  const gap = random.chance(0.15) ? '\n\n' : ' ';
  return `${start}${line} ${random.pick(VERBS)} ${random.pick(OBJECTS)}, ${random.pick(ENDINGS)}.${gap}`;
}

/** Cuts text into the uneven pieces in which providers stream it. */
export function* cutText(text: string, random: Random): Generator<string> {
  for (let at = 0; at < text.length; ) {
    const bytes = random.int(2, 6) * BYTES_PER_TOKEN;
    yield text.slice(at, at + bytes);
    at += bytes;
  }
}
