// Which path is which operation of which dialect.

import assert from 'node:assert/strict';
import test from 'node:test';
import { matchOperation, type Operation } from '../../server/wire/surface.ts';

const KEY = { 'x-api-key': 'wp_x' };
const CASES: [string, string, Record<string, string>, string | null][] = [
  ['POST', '/v1/messages', {}, 'generate anthropic-messages'],
  ['POST', '/v1/messages/count_tokens', {}, 'count-tokens anthropic-messages'],
  ['POST', '/v1/chat/completions', {}, 'generate openai-chat'],
  ['POST', '/v1/responses', {}, 'generate openai-responses'],
  ['POST', '/v1/embeddings', {}, 'embed openai-embeddings'],
  ['POST', '/v1/models/gemini-3-pro:generateContent', {}, 'generate gemini gemini-3-pro whole'],
  [
    'POST',
    '/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse',
    {},
    'generate gemini gemini-3-pro stream sse',
  ],
  [
    'POST',
    '/v1beta/models/gemini-3-pro:streamGenerateContent',
    {},
    'generate gemini gemini-3-pro stream json-array',
  ],
  ['POST', '/v1beta/models/gemini-3-pro:countTokens', {}, 'count-tokens gemini gemini-3-pro whole'],
  ['POST', '/v1beta/models/tuned%2Fone:embedContent', {}, 'embed gemini tuned/one whole'],
  ['POST', '/v1beta/models/one:batchEmbedContents', {}, 'embed gemini one whole'],
  ['POST', '/v1beta/models/one:predict', {}, 'unavailable gemini'],
  ['GET', '/v1/models', {}, 'list-models openai-chat'],
  ['GET', '/v1/models', { 'anthropic-version': '2023-06-01' }, 'list-models anthropic-messages'],
  ['GET', '/v1/models', { 'x-goog-api-key': 'x' }, 'list-models gemini'],
  ['GET', '/v1beta/models', {}, 'list-models gemini'],
  ['GET', '/v1/models/gpt-5', {}, 'list-models openai-chat gpt-5'],
  ['GET', '/v1/responses/resp_1', {}, 'stored-response openai-responses resp_1'],
  ['DELETE', '/v1/responses/resp_1', {}, 'stored-response openai-responses resp_1'],
  ['POST', '/v1/responses/resp_1/cancel', {}, 'stored-response openai-responses resp_1/cancel'],
  ['POST', '/v1/responses/resp_1', {}, 'unavailable openai-responses'],
  // Base URLs with and without the version, in all the ways they are given.
  ['POST', '/messages', {}, 'generate anthropic-messages'],
  ['POST', '/v1/v1/messages', {}, 'generate anthropic-messages'],
  ['POST', '//v1//messages/', {}, 'generate anthropic-messages'],
  ['POST', '/chat/completions', {}, 'generate openai-chat'],
  ['POST', '/responses', {}, 'generate openai-responses'],
  ['POST', '/v1/v1beta/models/one:generateContent', {}, 'generate gemini one whole'],
  ['POST', '/v1beta/v1beta/models/one:generateContent', {}, 'generate gemini one whole'],
  ['GET', '/models', KEY, 'list-models openai-chat'],
  ['POST', '/models/one:generateContent', KEY, 'generate gemini one whole'],
  ['GET', '/models', {}, null],
  ['GET', '/v1/messages', {}, 'unavailable anthropic-messages'],
  ['POST', '/v1beta/v1/models/one:generateContent', {}, 'generate gemini one whole'],
  ['POST', '/v1/unknown', {}, 'unavailable openai-chat'],
  ['GET', '/v1/files', { 'anthropic-version': '2023-06-01' }, 'unavailable anthropic-messages'],
  ['GET', '/', {}, null],
  ['GET', '/requests', {}, null],
  ['GET', '/v1x', {}, null],
];

for (const [method, target, headers, expected] of CASES) {
  test(`matchOperation() takes ${method} ${target} ${JSON.stringify(headers)} for ${expected}`, () => {
    const [path = '', query = ''] = target.split('?');
    const operation = matchOperation(method, { path, query: query && `?${query}` }, new Headers(headers));
    assert.equal(operation && told(operation), expected);
  });
}

function told(operation: Operation): string {
  const { kind, surface } = operation;
  const parts: string[] = [kind, surface];
  if (operation.kind === 'list-models' && operation.model !== null) parts.push(operation.model);
  if (operation.kind === 'stored-response') parts.push(operation.responseId + operation.rest);
  if ('inPath' in operation && operation.inPath) {
    parts.push(operation.inPath.model, operation.inPath.isStreamed ? 'stream' : 'whole');
    if (operation.kind === 'generate' && operation.inPath.isStreamed) parts.push(operation.framing);
  }
  return parts.join(' ');
}
