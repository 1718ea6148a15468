// Anthropic Messages into and out of the neutral model.

import type { ChatCodec } from '../chat.ts';
import { decodeReply, encodeReply } from './reply.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeRequest } from './request-encode.ts';
import { AnthropicStreamDecoder } from './stream-decoder.ts';
import { AnthropicStreamEncoder } from './stream-encoder.ts';

export const anthropicMessagesCodec: ChatCodec = {
  surface: 'anthropic-messages',
  decodeRequest,
  encodeRequest,
  decodeReply,
  encodeReply,
  streamDecoder: () => new AnthropicStreamDecoder(),
  streamEncoder: (context) => new AnthropicStreamEncoder(context),
};
