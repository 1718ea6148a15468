// Which path is which operation of which dialect.

import assert from 'node:assert/strict';
import test from 'node:test';
import { matchOperation } from '../../server/wire/surface.ts';

const CASES: [string, string, Record<string, string>, string | null][] = [
  ['POST', '/v1/messages', {}, 'generate anthropic-messages'],
  ['POST', '/v1/chat/completions', {}, 'generate openai-chat'],
  ['GET', '/v1/models', {}, 'list-models openai-chat'],
  ['GET', '/v1/models', { 'anthropic-version': '2023-06-01' }, 'list-models anthropic-messages'],
  ['POST', '/v1/messages/count_tokens', {}, 'unavailable anthropic-messages'],
  ['GET', '/v1/messages', {}, 'unavailable anthropic-messages'],
  ['POST', '/v1/responses', {}, 'unavailable openai-responses'],
  ['POST', '/v1/embeddings', {}, 'unavailable openai-embeddings'],
  ['POST', '/v1/models/gemini-3-pro:generateContent', {}, 'unavailable gemini'],
  ['POST', '/v1beta/models/gemini-3-pro:streamGenerateContent', {}, 'unavailable gemini'],
  ['POST', '/v1/unknown', {}, 'unavailable openai-chat'],
  ['GET', '/', {}, null],
  ['GET', '/requests', {}, null],
  ['GET', '/v1x', {}, null],
];

for (const [method, path, headers, expected] of CASES) {
  test(`matchOperation() takes ${method} ${path} ${JSON.stringify(headers)} for ${expected}`, () => {
    const operation = matchOperation(method, path, new Headers(headers));
    assert.equal(operation && `${operation.kind} ${operation.surface}`, expected);
  });
}
