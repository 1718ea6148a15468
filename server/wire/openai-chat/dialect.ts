// OpenAI Chat Completions on the straight path: where it goes, how its replies state usage, errors and their own end.

import type { Dialect } from '../dialect.ts';
import { isObject } from '../json.ts';
import { readError } from './errors.ts';
import { ChatStreamWatch, usagesIn } from './stream-watch.ts';
import { readUsage } from './usage.ts';

export const openaiChat: Dialect = {
  surface: 'openai-chat',
  upstreamPath: () => '/v1/chat/completions',
  credentialHeaders: (credential) => ({ authorization: `Bearer ${credential}` }),
  defaultHeaders: {},
  readUsage,
  readReply: (reply) => ({ usage: isObject(reply) ? usagesIn(reply)[0] : undefined, pins: [] }),
  readError: (reply, status) => readError(reply, status),
  watchStream: () => new ChatStreamWatch(),
  // Replies carry nothing that another account could not read: no signatures, no encrypted reasoning, nothing stored.
  pinFields: [],
};
