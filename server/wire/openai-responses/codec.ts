// The Responses API's way into and out of the neutral model.

import type { ChatCodec } from '../chat.ts';
import { decodeReply, encodeReply } from './reply.ts';
import { decodeRequest } from './request-decode.ts';
import { encodeRequest } from './request-encode.ts';
import { ResponsesStreamDecoder } from './stream-decoder.ts';
import { ResponsesStreamEncoder } from './stream-encoder.ts';

export const openaiResponsesCodec: ChatCodec = {
  surface: 'openai-responses',
  decodeRequest,
  encodeRequest,
  decodeReply,
  encodeReply,
  streamDecoder: () => new ResponsesStreamDecoder(),
  streamEncoder: (context) => new ResponsesStreamEncoder(context),
};
