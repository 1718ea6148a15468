// Gemini's way into and out of the neutral model.

import type { ChatCodec } from '../chat.ts';
import { decodeReply, encodeReply } from './reply.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeRequest } from './request-encode.ts';
import { GeminiStreamDecoder } from './stream-decoder.ts';
import { GeminiStreamEncoder } from './stream-encoder.ts';

export const geminiCodec: ChatCodec = {
  surface: 'gemini',
  decodeRequest,
  encodeRequest,
  decodeReply,
  encodeReply,
  streamDecoder: () => new GeminiStreamDecoder(),
  streamEncoder: (context) => new GeminiStreamEncoder(context),
};
