// What is known of a miss beside its cause, as an enum of the API.

import type { MissDetailCode } from '../gateway/miss-facts.ts';
import { builder } from './builder.ts';

export const MissDetailRef = builder.enumType('MissDetail', {
  description: 'What is known of a miss beside its cause; the values stand beside it.',
  values: {
    UNUSED_FOR: { value: 'unused-for', description: 'Nobody used it for `detailMs`.' },
    EXPIRED_AGO: { value: 'expired-ago', description: 'It expired `detailMs` ago.' },
    BEFORE_EXPIRY: { value: 'before-expiry', description: 'It would have expired in `detailMs`.' },
    WARM_ON: { value: 'warm-on', description: 'Warm on the account `detailName`.' },
    ROUTED_AWAY: {
      value: 'routed-away',
      description: 'On another account than before: see `affinityCode` of the request.',
    },
    TOOLS: { value: 'tools', description: 'Another prompt from the tools on.' },
    SYSTEM: { value: 'system', description: 'Another prompt from the system prompt on.' },
    MESSAGE: {
      value: 'message',
      description: 'Another prompt from message `detailCount` on, counted from 0, as in the request.',
    },
    MESSAGES: {
      value: 'messages',
      description: 'Another prompt from somewhere within messages `detailCount` to `detailUpTo` on.',
    },
    MODEL_WAS: { value: 'model-was', description: "It was the provider's model `detailName` before." },
    SETTING_CHANGED: { value: 'setting-changed', description: 'Another setting that the cache depends on.' },
    HEADER_CHANGED: { value: 'header-changed', description: 'Another header that the cache depends on.' },
    PROMPT_TOO_SHORT: { value: 'prompt-too-short', description: 'The prompt is below `detailCount` tokens.' },
    BEGINNING_TOO_SHORT: {
      value: 'beginning-too-short',
      description: 'What it has in common with earlier requests is below `detailCount` tokens.',
    },
    TOO_MANY_BLOCKS: {
      value: 'too-many-blocks',
      description: 'More than `detailCount` new blocks before a cache mark.',
    },
    NOTHING_CACHED: { value: 'nothing-cached', description: 'The provider neither read nor wrote anything.' },
    NO_MARK: { value: 'no-mark', description: 'The request has no cache mark.' },
    BEYOND_MARK: { value: 'beyond-mark', description: 'Beyond its last cache mark.' },
  } as const satisfies Record<string, { value: MissDetailCode; description: string }>,
});
