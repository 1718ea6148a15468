// Which prefixes are marked to be cached, and that marks are all that changes as a conversation grows.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Block } from '../../../server/wire/chat.ts';
import { isObject, type JsonObject } from '../../../server/wire/json.ts';
import { assistant, call, encode, LOOK, result, text, user } from './events.ts';

const thinking: Block = { kind: 'thinking', text: 'hm', seal: null };

/** The places of the marks, in order. */
function marks(body: JsonObject): string[] {
  const found: string[] = [];
  const visit = (value: unknown, path: string): void => {
    if (Array.isArray(value))
      value.forEach((item, index) => {
        visit(item, `${path}.${index}`);
      });
    else if (isObject(value)) {
      for (const [name, inner] of Object.entries(value)) visit(inner, path === '' ? name : `${path}.${name}`);
      if ('cache_control' in value) found.push(path);
    }
  };
  visit(body, '');
  return found;
}

const talk = [
  user(text('a')),
  assistant(text('b')),
  user(text('c'), text('d')),
  assistant(text('e')),
  user(text('f')),
];

test('encodeRequest() marks the fixed part and the last two turns of the user when nothing is marked', () => {
  const system = [text('one'), text('two')];
  assert.deepEqual(marks(encode({ system, tools: [LOOK], messages: talk }).body), [
    'system.1',
    'messages.2.content.1',
    'messages.4.content.0',
  ]);
  assert.deepEqual(marks(encode({ tools: [LOOK], messages: [user(text('a'))] }).body), [
    'tools.0',
    'messages.0.content.0',
  ]);
  assert.deepEqual(marks(encode({ promptCacheKey: 'session' }).body), ['messages.0.content.0']);
  assert.deepEqual(marks(encode({ system }).body), []);
});

test('encodeRequest() adds no marks to the client its own, and keeps the last four of more', () => {
  const marked = (value: string) => ({ ...text(value), breakpoint: { ttl: '1h' } as const });
  assert.deepEqual(marks(encode({ system: [marked('s')], messages: talk }).body), ['system.0']);
  const many = encode({
    tools: [{ ...LOOK, breakpoint: { ttl: '5m' } }],
    system: [marked('s')],
    messages: [
      user(marked('a')),
      assistant(call('x')),
      user({
        kind: 'tool-result',
        callId: 'x',
        name: null,
        blocks: [marked('r')],
        isError: false,
        breakpoint: { ttl: '5m' },
      }),
      assistant(text('b')),
      user(marked('c')),
    ],
  });
  assert.deepEqual(marks(many.body), [
    'messages.0.content.0',
    'messages.2.content.0.content.0',
    'messages.2.content.0',
    'messages.4.content.0',
  ]);
});

test('encodeRequest() keeps the bytes of a growing conversation, marks aside', () => {
  const grown = [
    ...talk,
    assistant(thinking, call('x')),
    user(result('x')),
    assistant(text('g')),
    user(text('h')),
  ];
  const bytes = (count: number) => {
    const { body } = encode({ tools: [LOOK], messages: grown.slice(0, count), isStreamed: true });
    return JSON.stringify(body.messages).replaceAll(',"cache_control":{"type":"ephemeral"}', '').slice(0, -1);
  };
  for (let count = 1; count < grown.length; count += 1) {
    assert.ok(bytes(count + 1).startsWith(bytes(count)), `turn ${count}`);
  }
  assert.equal(bytes(5), bytes(5));
});
