// The API dialects as the schema names them.

import { builder } from './builder.ts';

export const SurfaceRef = builder.enumType('Surface', {
  description: 'One client-facing API dialect.',
  values: {
    ANTHROPIC_MESSAGES: { value: 'anthropic-messages', description: 'POST /v1/messages' },
    OPENAI_CHAT: { value: 'openai-chat', description: 'POST /v1/chat/completions' },
    OPENAI_RESPONSES: { value: 'openai-responses', description: 'POST /v1/responses' },
    OPENAI_EMBEDDINGS: { value: 'openai-embeddings', description: 'POST /v1/embeddings' },
    GEMINI: { value: 'gemini', description: 'POST /v1beta/models/{model}:generateContent' },
  } as const,
});
