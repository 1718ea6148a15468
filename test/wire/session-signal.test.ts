// Each known client's way to name its session is understood; what is only per request is not taken for one.

import assert from 'node:assert/strict';
import test from 'node:test';
import { sessionSignal } from '../../server/wire/session-signal.ts';

const SESSION = '8f2d7c1e-3b4a-4c5d-9e6f-0a1b2c3d4e5f';

interface Case {
  name: string;
  headers?: Record<string, string>;
  metadata?: unknown;
  promptCacheKey?: unknown;
  expected: { kind: string; value: string } | null;
}

const CASES: Case[] = [
  {
    name: 'Claude Code header',
    headers: { 'X-Claude-Code-Session-Id': SESSION },
    expected: { kind: 'session-header', value: SESSION },
  },
  {
    name: 'Codex session-id',
    headers: { 'session-id': SESSION },
    expected: { kind: 'session-header', value: SESSION },
  },
  {
    name: 'Codex session_id',
    headers: { session_id: SESSION },
    expected: { kind: 'session-header', value: SESSION },
  },
  {
    name: 'Codex thread-id',
    headers: { 'thread-id': SESSION },
    expected: { kind: 'session-header', value: SESSION },
  },
  {
    name: 'OpenCode',
    headers: { 'x-session-affinity': SESSION },
    expected: { kind: 'session-header', value: SESSION },
  },
  {
    name: 'Bifrost',
    headers: { 'x-bf-session-id': SESSION },
    expected: { kind: 'session-header', value: SESSION },
  },
  {
    name: 'LiteLLM',
    headers: { 'x-litellm-session-id': SESSION },
    expected: { kind: 'session-header', value: SESSION },
  },
  {
    name: 'AxonHub',
    headers: { 'AH-Trace-Id': SESSION },
    expected: { kind: 'session-header', value: SESSION },
  },
  {
    name: 'own header before all others',
    headers: { 'x-session-id': 'b', 'x-warmpath-session-id': 'a' },
    expected: { kind: 'session-header', value: 'a' },
  },
  {
    name: 'metadata.user_id, text form',
    metadata: { user_id: `user_abc_account_def_session_${SESSION}` },
    expected: { kind: 'metadata-session', value: SESSION },
  },
  {
    name: 'metadata.user_id, JSON form',
    metadata: { user_id: JSON.stringify({ device_id: 'd', session_id: SESSION }) },
    expected: { kind: 'metadata-session', value: SESSION },
  },
  {
    name: 'metadata.user_id without a session',
    metadata: { user_id: 'ada' },
    expected: { kind: 'metadata-user', value: 'ada' },
  },
  {
    name: 'metadata.session_id',
    metadata: { session_id: SESSION },
    expected: { kind: 'metadata-session', value: SESSION },
  },
  {
    name: 'prompt_cache_key',
    promptCacheKey: 'conv-1',
    expected: { kind: 'prompt-cache-key', value: 'conv-1' },
  },
  {
    name: 'a header before the body',
    headers: { 'session-id': 'h' },
    promptCacheKey: 'k',
    expected: { kind: 'session-header', value: 'h' },
  },
  {
    name: 'x-client-request-id of pi',
    headers: { 'x-client-request-id': SESSION, 'user-agent': 'pi/1.2' },
    expected: { kind: 'session-header', value: SESSION },
  },
  {
    name: 'x-client-request-id of anybody else',
    headers: { 'x-client-request-id': SESSION, 'user-agent': 'openai/7' },
    expected: null,
  },
  { name: 'a per-request id', headers: { 'x-request-id': SESSION }, expected: null },
  { name: 'an empty header', headers: { 'session-id': ' ' }, expected: null },
  { name: 'a value that is no id', headers: { 'session-id': 'x'.repeat(2_000) }, expected: null },
  { name: 'fields of the wrong type', metadata: ['x'], promptCacheKey: 7, expected: null },
  { name: 'nothing', expected: null },
];

for (const { name, headers, metadata, promptCacheKey, expected } of CASES) {
  test(`sessionSignal() understands ${name}`, () => {
    assert.deepEqual(sessionSignal(new Headers(headers), { metadata, promptCacheKey }), expected);
  });
}
