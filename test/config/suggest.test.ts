// Guesses at what a mistyped word was meant to be.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closest } from '../../server/config/suggest.ts';

const KEYS = [
  'name',
  'credential',
  'weight',
  'maxConcurrent',
  'cacheTtlMinutes',
  'rateMultiplier',
  'baseUrl',
];
const GUESSES: { word: string; guess: string | null }[] = [
  { word: 'wieght', guess: 'weight' },
  { word: 'Weight', guess: 'weight' },
  { word: 'weigth', guess: 'weight' },
  { word: 'nmae', guess: 'name' },
  { word: 'base-url', guess: 'baseUrl' },
  { word: 'max_concurrency', guess: 'maxConcurrent' },
  { word: 'ttl', guess: 'cacheTtlMinutes' },
  { word: 'url', guess: 'baseUrl' },
  { word: 'a', guess: null },
  { word: '', guess: null },
  { word: 'frobnicate', guess: null },
];
for (const { word, guess } of GUESSES) {
  test(`closest guesses ${guess ?? 'nothing'} for "${word}"`, () => {
    assert.equal(closest(word, KEYS), guess);
  });
}

test('closest has nothing to say without candidates', () => {
  assert.equal(closest('name', []), null);
});
