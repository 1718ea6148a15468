// Chat Completions into the neutral model and out of it.

import type { ChatCodec } from '../chat.ts';
import { decodeReply, encodeReply } from './reply.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeRequest } from './request-encode.ts';
import { ChatStreamDecoder } from './stream-decoder.ts';
import { ChatStreamEncoder } from './stream-encoder.ts';

export const openaiChatCodec: ChatCodec = {
  surface: 'openai-chat',
  decodeRequest,
  encodeRequest,
  decodeReply,
  encodeReply,
  streamDecoder: () => new ChatStreamDecoder(),
  streamEncoder: (context) => new ChatStreamEncoder(context),
};
