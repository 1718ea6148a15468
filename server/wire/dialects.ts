// The dialects of the served surfaces.

import { anthropicMessages } from './anthropic-messages/dialect.ts';
import type { Dialect } from './dialect.ts';
import { openaiChat } from './openai-chat/dialect.ts';
import type { Surface } from './surface.ts';

/** The dialect of a served surface; null for surfaces that are recognised but not served. */
export function dialectOf(surface: Surface): Dialect | null {
  switch (surface) {
    case 'anthropic-messages':
      return anthropicMessages;
    case 'openai-chat':
      return openaiChat;
    case 'openai-responses':
    case 'openai-embeddings':
    case 'gemini':
      return null;
    default:
      return surface satisfies never;
  }
}
