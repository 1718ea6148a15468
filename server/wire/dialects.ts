// The dialects and codecs by surface.

import { anthropicMessagesCodec } from './anthropic-messages/codec.ts';
import { anthropicMessages } from './anthropic-messages/dialect.ts';
import type { ChatCodec } from './chat.ts';
import type { Dialect } from './dialect.ts';
import { geminiCodec } from './gemini/codec.ts';
import { gemini } from './gemini/dialect.ts';
import { openaiChatCodec } from './openai-chat/codec.ts';
import { openaiChat } from './openai-chat/dialect.ts';
import { openaiEmbeddings } from './openai-embeddings/dialect.ts';
import { openaiResponsesCodec } from './openai-responses/codec.ts';
import { openaiResponses } from './openai-responses/dialect.ts';
import type { ChatSurface, Surface } from './surface.ts';

const DIALECTS: Readonly<Record<Surface, Dialect>> = {
  'anthropic-messages': anthropicMessages,
  'openai-chat': openaiChat,
  'openai-responses': openaiResponses,
  'openai-embeddings': openaiEmbeddings,
  gemini,
};

const CODECS: Readonly<Record<ChatSurface, ChatCodec>> = {
  'anthropic-messages': anthropicMessagesCodec,
  'openai-chat': openaiChatCodec,
  'openai-responses': openaiResponsesCodec,
  gemini: geminiCodec,
};

export function dialectOf(surface: Surface): Dialect {
  return DIALECTS[surface];
}

export function codecOf(surface: ChatSurface): ChatCodec {
  return CODECS[surface];
}
