// Checks that an error is in the shape that clients of a surface know, as a reply or as the last event of a stream.

import assert from 'node:assert/strict';
import { isRecord } from '../process/gateway-process.ts';
import type { Reply } from './client-call.ts';
import type { ChatSurface } from './samples.ts';

/** The reply is an error of the gateway itself. */
export function assertOwnError(surface: ChatSurface, reply: Reply, requestId: string): void {
  const text = reply.body.toString();
  const body: unknown = JSON.parse(text);
  assert.match(reply.headers['content-type'] ?? '', /^application\/json/);
  assertNativeShape(surface, body);
  if (surface === 'anthropic-messages') assert.equal(isRecord(body) && body.request_id, requestId);
  if (surface === 'gemini') assert.equal(codeIn(body), reply.status, text);
}

/** `{type:"error",error:{type,message},request_id}`, `{error:{message,type,param,code}}`, `{error:{code,message,status}}`. */
export function assertNativeShape(surface: ChatSurface, body: unknown): void {
  const about = JSON.stringify(body);
  assert.ok(isRecord(body) && isRecord(body.error), about);
  const { error } = body;
  assert.ok(typeof error.message === 'string' && error.message !== '', about);
  switch (surface) {
    case 'anthropic-messages':
      assert.equal(body.type, 'error', about);
      assert.match(String(error.type), /^[a-z]+(_[a-z]+)*_error$|^request_too_large$/, about);
      assert.deepEqual(Object.keys(error).sort(), ['message', 'type'], about);
      return;
    case 'gemini':
      assert.equal(typeof error.code, 'number', about);
      assert.match(String(error.status), /^[A-Z_]+$/, about);
      return;
    default:
      assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'param', 'type'], about);
      assert.match(String(error.type), /^[a-z_]+$/, about);
  }
}

/**
 * The stream is what the upstream sent, then the surface's own error event, and nothing after it. Comments of the
 * gateway are left out.
 */
export function assertInterruptedStream(surface: ChatSurface, reply: Reply, sent: Buffer): void {
  assert.ok(reply.isClean, 'the stream ended by a broken connection');
  const text = withoutPings(reply.body.toString());
  const expected = sent.toString();
  assert.equal(text.slice(0, expected.length), expected, 'the bytes before the break');
  const rest = text.slice(expected.length);
  const event = /^(?:\r?\n){0,2}(?:event: (?<name>\S+)\n)?data: (?<data>\{.*\})\n\n$/.exec(rest)?.groups;
  assert.ok(event, `no native error event at the end: ${JSON.stringify(rest)}`);
  const data: unknown = JSON.parse(event.data ?? '');
  if (surface === 'openai-responses') {
    assertResponsesError(data, event.name);
    return;
  }
  assert.equal(event.name, surface === 'anthropic-messages' ? 'error' : undefined);
  assertNativeShape(surface, data);
}

/** Comment lines of the gateway between events. */
export function withoutPings(text: string): string {
  return text.replaceAll(': ping\n\n', '');
}

/** Source: OpenAI API reference, Responses, streaming event `error`. */
function assertResponsesError(data: unknown, name: string | undefined): void {
  assert.ok(isRecord(data));
  assert.deepEqual([name, data.type], ['error', 'error']);
  assert.deepEqual(Object.keys(data).sort(), ['code', 'message', 'param', 'sequence_number', 'type']);
  assert.ok(typeof data.sequence_number === 'number' && data.sequence_number > 0);
}

function codeIn(body: unknown): unknown {
  return isRecord(body) && isRecord(body.error) ? body.error.code : null;
}
