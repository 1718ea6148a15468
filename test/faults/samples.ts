// A good answer of each chat surface, whole and as a stream, with the token counts it reports.

export const CHAT_SURFACES = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const;
export type ChatSurface = (typeof CHAT_SURFACES)[number];

export interface Sample {
  whole: string;
  /** Each is one server-sent event, its blank line included. */
  events: readonly string[];
  /** So many events are sent before a stream of this sample breaks: the answer has begun. */
  half: number;
  /** The first event of the stream that belongs to the answer itself. */
  firstGenerated: number;
}

/** What every sample reports, in the words of the request log. */
export const SAMPLE_USAGE = {
  inputTokens: 6156,
  outputTokens: 33,
  cacheReadTokens: 4096,
} as const;

const TEXT_PARTS = ['Grüße, 世界', ' 👋🏽 and', ' "quotes"\n', 'done.'];
const TEXT = TEXT_PARTS.join('');
const MODEL = 'upstream-model-20260101';

function named(event: string, data: Record<string, unknown>): string {
  return `event: ${event}\ndata: ${JSON.stringify({ type: event, ...data })}\n\n`;
}

const ANTHROPIC_USAGE = {
  input_tokens: 12,
  cache_creation_input_tokens: 2048,
  cache_read_input_tokens: 4096,
  cache_creation: { ephemeral_5m_input_tokens: 2000, ephemeral_1h_input_tokens: 48 },
  output_tokens: 33,
};
const ANTHROPIC_MESSAGE = {
  id: 'msg_01Test',
  type: 'message',
  role: 'assistant',
  model: MODEL,
  stop_sequence: null,
};

const ANTHROPIC: Sample = {
  whole: JSON.stringify({
    ...ANTHROPIC_MESSAGE,
    content: [{ type: 'text', text: TEXT }],
    stop_reason: 'end_turn',
    usage: ANTHROPIC_USAGE,
  }),
  events: [
    named('message_start', {
      message: {
        ...ANTHROPIC_MESSAGE,
        content: [],
        stop_reason: null,
        usage: { ...ANTHROPIC_USAGE, output_tokens: 1 },
      },
    }),
    named('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    named('ping', {}),
    ...TEXT_PARTS.map((text) =>
      named('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
    ),
    named('content_block_stop', { index: 0 }),
    named('message_delta', {
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: ANTHROPIC_USAGE,
    }),
    named('message_stop', {}),
  ],
  half: 5,
  firstGenerated: 3,
};

const OPENAI_USAGE = {
  prompt_tokens: 6156,
  completion_tokens: 33,
  total_tokens: 6189,
  prompt_tokens_details: { cached_tokens: 4096, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 8, audio_tokens: 0 },
};

function chatChunk(delta: Record<string, unknown> | null, finishReason: string | null = null): string {
  const choices = delta === null ? [] : [{ index: 0, delta, logprobs: null, finish_reason: finishReason }];
  const chunk = {
    id: 'chatcmpl-Test',
    object: 'chat.completion.chunk',
    created: 1767225600,
    model: MODEL,
    choices,
    usage: delta === null ? OPENAI_USAGE : null,
  };
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

const CHAT: Sample = {
  whole: JSON.stringify({
    id: 'chatcmpl-Test',
    object: 'chat.completion',
    created: 1767225600,
    model: MODEL,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: TEXT, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: OPENAI_USAGE,
  }),
  events: [
    chatChunk({ role: 'assistant', content: '', refusal: null }),
    ...TEXT_PARTS.map((content) => chatChunk({ content })),
    chatChunk({}, 'stop'),
    chatChunk(null),
    'data: [DONE]\n\n',
  ],
  half: 3,
  firstGenerated: 1,
};

const RESPONSES_ITEM = { id: 'msg_Test', type: 'message', role: 'assistant' };
const RESPONSES_PART = { type: 'output_text', text: TEXT, annotations: [], logprobs: [] };

function responseObject(status: string): Record<string, unknown> {
  const isCompleted = status === 'completed';
  return {
    id: 'resp_Test',
    object: 'response',
    created_at: 1767225600,
    status,
    error: null,
    incomplete_details: null,
    model: MODEL,
    output: isCompleted ? [{ ...RESPONSES_ITEM, status, content: [RESPONSES_PART] }] : [],
    usage: isCompleted
      ? {
          input_tokens: 6156,
          input_tokens_details: { cached_tokens: 4096 },
          output_tokens: 33,
          output_tokens_details: { reasoning_tokens: 8 },
          total_tokens: 6189,
        }
      : null,
  };
}

function responsesEvents(): string[] {
  const at = { item_id: RESPONSES_ITEM.id, output_index: 0, content_index: 0 };
  const events: [string, Record<string, unknown>][] = [
    ['response.created', { response: responseObject('in_progress') }],
    ['response.in_progress', { response: responseObject('in_progress') }],
    [
      'response.output_item.added',
      { output_index: 0, item: { ...RESPONSES_ITEM, status: 'in_progress', content: [] } },
    ],
    ['response.content_part.added', { ...at, part: { ...RESPONSES_PART, text: '' } }],
    ...TEXT_PARTS.map((delta): [string, Record<string, unknown>] => [
      'response.output_text.delta',
      { ...at, delta, logprobs: [] },
    ]),
    ['response.output_text.done', { ...at, text: TEXT, logprobs: [] }],
    ['response.content_part.done', { ...at, part: RESPONSES_PART }],
    [
      'response.output_item.done',
      { output_index: 0, item: { ...RESPONSES_ITEM, status: 'completed', content: [RESPONSES_PART] } },
    ],
    ['response.completed', { response: responseObject('completed') }],
  ];
  return events.map(([name, data], index) => named(name, { sequence_number: index, ...data }));
}

const RESPONSES: Sample = {
  whole: JSON.stringify(responseObject('completed')),
  events: responsesEvents(),
  half: 6,
  firstGenerated: 4,
};

const GEMINI_USAGE = {
  promptTokenCount: 6156,
  cachedContentTokenCount: 4096,
  candidatesTokenCount: 25,
  thoughtsTokenCount: 8,
  totalTokenCount: 6189,
};

function geminiPart(text: string, finishReason?: string): string {
  const isLast = finishReason !== undefined;
  return JSON.stringify({
    candidates: [
      { content: { parts: [{ text }], role: 'model' }, index: 0, ...(isLast ? { finishReason } : {}) },
    ],
    usageMetadata: isLast ? GEMINI_USAGE : { promptTokenCount: 6156, totalTokenCount: 6156 },
    modelVersion: MODEL,
    responseId: 'gemini-test',
  });
}

const GEMINI: Sample = {
  whole: geminiPart(TEXT, 'STOP'),
  events: TEXT_PARTS.map((text, index) => {
    const isLast = index === TEXT_PARTS.length - 1;
    return `data: ${isLast ? geminiPart(text, 'STOP') : geminiPart(text)}\r\n\r\n`;
  }),
  half: 2,
  firstGenerated: 0,
};

export const SAMPLES: Readonly<Record<ChatSurface, Sample>> = {
  'anthropic-messages': ANTHROPIC,
  'openai-chat': CHAT,
  'openai-responses': RESPONSES,
  gemini: GEMINI,
};
