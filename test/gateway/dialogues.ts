// One short dialogue in each dialect: how it is asked, and what an upstream answers.

import type { ChatSurface } from '../../server/wire/surface.ts';
import { type BenchOptions, sse } from './fixture.ts';

export interface Dialogue {
  surface: ChatSurface;
  framing: 'sse' | 'json-array';
  path: string;
  body: string;
  /** Before anything of the answer. */
  start: string;
  /** The answer itself: "hi". */
  text: string;
  /** The protocol's own end, with 10 tokens in and 2 out. */
  end: string;
  /** What a stream that broke off is ended with. */
  lastEvent: RegExp;
}

const data = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const MESSAGES = [{ role: 'user', content: 'hi' }];
const MODEL = 'claude-sonnet-4-5';

const part = (text: string) => ({ candidates: [{ content: { role: 'model', parts: [{ text }] } }] });
const LAST_PART = {
  candidates: [{ content: { role: 'model', parts: [] }, finishReason: 'STOP' }],
  usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 2, totalTokenCount: 12 },
};
const GEMINI_BODY = JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] });

export const ANTHROPIC: Dialogue = {
  surface: 'anthropic-messages',
  framing: 'sse',
  path: '/v1/messages',
  body: JSON.stringify({ model: MODEL, max_tokens: 10, stream: true, messages: MESSAGES }),
  start: sse('message_start', {
    message: { id: 'msg_1', usage: { input_tokens: 10, output_tokens: 1 } },
  }),
  text:
    sse('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }) +
    sse('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'hi' } }) +
    sse('content_block_stop', { index: 0 }),
  end:
    sse('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }) +
    sse('message_stop'),
  lastEvent: /event: error\ndata: (\{"type":"error","error":\{"type":"api_error".*\})\n\n$/,
};

export const CHAT: Dialogue = {
  surface: 'openai-chat',
  framing: 'sse',
  path: '/v1/chat/completions',
  body: JSON.stringify({ model: MODEL, stream: true, messages: MESSAGES }),
  start: data({ id: 'c1', choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] }),
  text: data({ id: 'c1', choices: [{ index: 0, delta: { content: 'hi' } }] }),
  end: `${data({
    id: 'c1',
    choices: [{ index: 0, delta: {}, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
  })}data: [DONE]\n\n`,
  lastEvent: /\n\ndata: (\{"error":\{"message":.*"code":"stream_interrupted".*\})\n\n$/,
};

export const RESPONSES: Dialogue = {
  surface: 'openai-responses',
  framing: 'sse',
  path: '/v1/responses',
  body: JSON.stringify({ model: MODEL, stream: true, input: 'hi' }),
  start: sse('response.created', { response: { id: 'resp_1', object: 'response', output: [] } }),
  text: sse('response.output_text.delta', { output_index: 0, content_index: 0, delta: 'hi' }),
  end: sse('response.completed', {
    response: {
      id: 'resp_1',
      object: 'response',
      status: 'completed',
      output: [],
      usage: { input_tokens: 10, output_tokens: 2, total_tokens: 12 },
    },
  }),
  lastEvent: /event: error\ndata: (\{"type":"error","code":"stream_interrupted".*"sequence_number":2\})\n\n$/,
};

export const GEMINI: Dialogue = {
  surface: 'gemini',
  framing: 'sse',
  path: `/v1beta/models/${MODEL}:streamGenerateContent?alt=sse`,
  body: GEMINI_BODY,
  start: data(part('')),
  text: data(part('hi')),
  end: data(LAST_PART),
  lastEvent: /\n\ndata: (\{"error":\{"code":502.*"status":"INTERNAL"\}\})\n\n$/,
};

export const GEMINI_ARRAY: Dialogue = {
  surface: 'gemini',
  framing: 'json-array',
  path: `/v1beta/models/${MODEL}:streamGenerateContent`,
  body: GEMINI_BODY,
  start: `[${JSON.stringify(part(''))}`,
  text: `,\r\n${JSON.stringify(part('hi'))}`,
  end: `,\r\n${JSON.stringify(LAST_PART)}]`,
  lastEvent: /,\r\n(\{"error":\{"code":502.*"status":"INTERNAL"\}\})\]$/,
};

export const DIALOGUES = [ANTHROPIC, CHAT, RESPONSES, GEMINI, GEMINI_ARRAY] as const;

/** A provider that speaks every dialect, with one account. */
export const OMNI: BenchOptions = {
  accounts: [{ name: 'a', providerId: 'omni' }],
  providers: { omni: ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] },
};
