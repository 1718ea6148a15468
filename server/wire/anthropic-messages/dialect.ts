// Anthropic Messages on the straight path: where it goes and how its replies state usage, errors and their own end.

import type { Dialect } from '../dialect.ts';
import { isObject, listAt, textAt } from '../json.ts';
import type { UpstreamCall } from '../surface.ts';
import { readError } from './errors.ts';
import { AnthropicStreamWatch } from './stream-watch.ts';
import { readUsage } from './usage.ts';

export const anthropicMessages: Dialect = {
  surface: 'anthropic-messages',
  upstreamPath,
  // OAuth tokens are bearer tokens; API keys go into x-api-key, which every version of the API takes.
  credentialHeaders: (credential): Record<string, string> =>
    credential.startsWith('sk-ant-oat')
      ? { authorization: `Bearer ${credential}`, 'anthropic-beta': 'oauth-2025-04-20' }
      : { 'x-api-key': credential },
  // 2026-10-21 refuses sampling fields that 2023-06-01 still takes on the models that have them.
  defaultHeaders: { 'anthropic-version': '2023-06-01' },
  readUsage,
  readReply: (reply) => ({ usage: isObject(reply) ? reply.usage : undefined, pins: pinsOf(reply) }),
  readError: (reply, status) => readError(reply, status),
  watchStream: () => new AnthropicStreamWatch(),
  // Not `file_id`, `container` and the `data` of redacted thinking: tools and images use these names for values of
  // their own, and a file or container is bound to a workspace by means that no reply shows.
  pinFields: ['signature'],
};

function upstreamPath(call: UpstreamCall): string {
  switch (call.kind) {
    case 'generate':
      return '/v1/messages';
    case 'count-tokens':
      return '/v1/messages/count_tokens';
    default:
      throw new Error(`Cannot ask an Anthropic Messages upstream: it has no operation "${call.kind}"`);
  }
}

function pinsOf(reply: unknown): string[] {
  return listAt(reply, 'content').flatMap((block) => {
    const type = textAt(block, 'type');
    const value =
      type === 'thinking'
        ? textAt(block, 'signature')
        : type === 'redacted_thinking'
          ? textAt(block, 'data')
          : null;
    return value === null || value === '' ? [] : [value];
  });
}
