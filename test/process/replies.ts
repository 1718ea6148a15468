// What the test upstream answers: one script for both surfaces, steered by a word in the prompt.

import type { UpstreamCall } from './test-upstream.ts';

/** What a prompt may ask of the upstream. Models of the same name exist where a fault must not hurt other tests. */
export type Scenario =
  | 'text'
  | 'tool'
  | 'bad-request'
  | 'unauthorized'
  | 'rate-limited'
  | 'overloaded'
  | 'error-in-stream'
  | 'broken-off'
  | 'never-ending'
  | 'silent';

/** Put this into the prompt. */
export function promptFor(scenario: Scenario, marker = ''): string {
  return `please answer <${scenario}> ${marker}`;
}

export const RETRY_AFTER_SECONDS = 7;

/** Answers as the prompt says. `never-ending` and `silent` leave the connection open. */
export function answerAsAsked(call: UpstreamCall): void {
  const asked = call.body.toString();
  const surface = call.path.startsWith('/v1/messages') ? ANTHROPIC : OPENAI;
  const scenario = /<([a-z-]+)>/.exec(asked)?.[1] ?? 'text';
  if (scenario === 'tool' || scenario === 'text') {
    const { headers, ...replies } = surface;
    if (/"stream":\s*true/.test(asked)) stream(call, replies[scenario], headers);
    else call.reply(200, replies[`${scenario}Reply`], headers);
    return;
  }
  FAULTS[scenario]?.(call, surface);
}

type SurfaceReplies = typeof ANTHROPIC | typeof OPENAI;

const FAULTS: Readonly<Record<string, (call: UpstreamCall, replies: SurfaceReplies) => void>> = {
  'bad-request': (call, { badRequest, headers }) => call.reply(400, badRequest, headers),
  /** Repeats the credential, as careless providers do. */
  unauthorized: (call, { headers }) => {
    const credential = call.headers['x-api-key'] ?? call.headers.authorization;
    call.reply(401, { error: { type: 'authentication_error', message: `bad key ${credential}` } }, headers);
  },
  'rate-limited': (call, { rateLimited, headers }) =>
    call.reply(429, rateLimited, { ...headers, 'retry-after': String(RETRY_AFTER_SECONDS) }),
  overloaded: (call, { overloadedStatus, overloaded, headers }) =>
    call.reply(overloadedStatus, overloaded, headers),
  'error-in-stream': (call, { text, errorEvent, headers }) =>
    stream(call, [...text.slice(0, 4), errorEvent], headers),
  'broken-off': (call, replies) => {
    beginText(call, replies);
    // A moment later: a connection that ends at once takes the bytes before it along.
    setTimeout(() => call.breakOff(), 300);
  },
  'never-ending': beginText,
};

function beginText(call: UpstreamCall, { text, headers }: SurfaceReplies): void {
  call.begin(200, { ...STREAM, ...headers });
  for (const event of text.slice(0, 4)) call.write(event);
}

const STREAM = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' };

function stream(call: UpstreamCall, events: readonly string[], headers: Record<string, string>): void {
  call.begin(200, { ...STREAM, ...headers });
  for (const event of events) call.write(event);
  call.end();
}

function named(event: string, data: Record<string, unknown>): string {
  return `event: ${event}\ndata: ${JSON.stringify({ type: event, ...data })}\n\n`;
}

function unnamed(data: unknown): string {
  return `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

const ANTHROPIC_USAGE = {
  input_tokens: 12,
  cache_creation_input_tokens: 2048,
  cache_read_input_tokens: 4096,
  cache_creation: { ephemeral_5m_input_tokens: 2000, ephemeral_1h_input_tokens: 48 },
  output_tokens: 1,
  service_tier: 'standard',
};

const ANTHROPIC_MESSAGE = {
  id: 'msg_01Test',
  type: 'message',
  role: 'assistant',
  model: 'upstream-model-20260101',
  stop_sequence: null,
};

function anthropicEvents(
  blocks: readonly { start: unknown; deltas: readonly unknown[] }[],
  stopReason: string,
): string[] {
  return [
    named('message_start', {
      message: { ...ANTHROPIC_MESSAGE, content: [], stop_reason: null, usage: ANTHROPIC_USAGE },
    }),
    ...blocks.flatMap(({ start, deltas }, index) => [
      named('content_block_start', { index, content_block: start }),
      ...(index === 0 ? [named('ping', {})] : []),
      ...deltas.map((delta) => named('content_block_delta', { index, delta })),
      named('content_block_stop', { index }),
    ]),
    named('message_delta', {
      delta: { stop_reason: stopReason, stop_sequence: null },
      usage: { ...ANTHROPIC_USAGE, output_tokens: 33 },
    }),
    named('message_stop', {}),
  ];
}

function anthropicError(type: string, message: string) {
  return { type: 'error', error: { type, message }, request_id: 'req_011Test' };
}

const TEXT_PARTS = ['Grüße, 世界', ' 👋🏽 and', ' "quotes"\n', 'done.'];
const TOOL_ARGUMENTS = ['{"city":', '"Zürich",', '"days":3}'];

const ANTHROPIC = {
  headers: {
    'request-id': 'req_011Test',
    'anthropic-ratelimit-requests-limit': '1000',
    'anthropic-ratelimit-requests-remaining': '999',
  },
  textReply: {
    ...ANTHROPIC_MESSAGE,
    content: [{ type: 'text', text: TEXT_PARTS.join('') }],
    stop_reason: 'end_turn',
    usage: { ...ANTHROPIC_USAGE, output_tokens: 33 },
  },
  toolReply: {
    ...ANTHROPIC_MESSAGE,
    content: [
      { type: 'thinking', thinking: 'Which city?', signature: 'c2lnbmF0dXJl' },
      { type: 'tool_use', id: 'toolu_01Test', name: 'forecast', input: { city: 'Zürich', days: 3 } },
    ],
    stop_reason: 'tool_use',
    usage: { ...ANTHROPIC_USAGE, output_tokens: 33 },
  },
  text: anthropicEvents(
    [
      {
        start: { type: 'text', text: '' },
        deltas: TEXT_PARTS.map((text) => ({ type: 'text_delta', text })),
      },
    ],
    'end_turn',
  ),
  tool: anthropicEvents(
    [
      {
        start: { type: 'thinking', thinking: '', signature: '' },
        deltas: [
          { type: 'thinking_delta', thinking: 'Which city?' },
          { type: 'signature_delta', signature: 'c2lnbmF0dXJl' },
        ],
      },
      {
        start: { type: 'tool_use', id: 'toolu_01Test', name: 'forecast', input: {} },
        deltas: TOOL_ARGUMENTS.map((partial_json) => ({ type: 'input_json_delta', partial_json })),
      },
    ],
    'tool_use',
  ),
  badRequest: anthropicError('invalid_request_error', 'messages.0: text content blocks must be non-empty'),
  rateLimited: anthropicError('rate_limit_error', 'This request would exceed your rate limit'),
  overloaded: anthropicError('overloaded_error', 'Overloaded'),
  overloadedStatus: 529,
  errorEvent: named('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }),
};

const OPENAI_USAGE = {
  prompt_tokens: 6156,
  completion_tokens: 33,
  total_tokens: 6189,
  prompt_tokens_details: { cached_tokens: 4096, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 8, audio_tokens: 0 },
};

function openaiReply(message: Record<string, unknown>, finishReason: string) {
  return {
    id: 'chatcmpl-Test',
    object: 'chat.completion',
    created: 1767225600,
    model: 'upstream-model-20260101',
    choices: [
      { index: 0, message: { role: 'assistant', ...message }, logprobs: null, finish_reason: finishReason },
    ],
    usage: OPENAI_USAGE,
    system_fingerprint: 'fp_test',
  };
}

function openaiEvents(deltas: readonly Record<string, unknown>[], finishReason: string): string[] {
  const chunk = (choices: readonly unknown[], usage: unknown) =>
    unnamed({
      id: 'chatcmpl-Test',
      object: 'chat.completion.chunk',
      created: 1767225600,
      model: 'upstream-model-20260101',
      system_fingerprint: 'fp_test',
      choices,
      usage,
    });
  const choice = (delta: Record<string, unknown>, finish_reason: string | null) => {
    return { index: 0, delta, logprobs: null, finish_reason };
  };
  return [
    chunk([choice({ role: 'assistant', content: '', refusal: null }, null)], null),
    ...deltas.map((delta) => chunk([choice(delta, null)], null)),
    chunk([choice({}, finishReason)], null),
    chunk([], OPENAI_USAGE),
    unnamed('[DONE]'),
  ];
}

function openaiError(message: string, kind: { type: string; code: string | null; param?: string }) {
  return { error: { message, type: kind.type, param: kind.param ?? null, code: kind.code } };
}

function toolCall(part: Record<string, unknown>) {
  return { tool_calls: [{ index: 0, ...part }] };
}

const OPENAI = {
  headers: {
    'x-request-id': 'req_openai_test',
    'openai-processing-ms': '120',
    'x-ratelimit-remaining-requests': '99',
  },
  textReply: openaiReply({ content: TEXT_PARTS.join(''), refusal: null, annotations: [] }, 'stop'),
  toolReply: openaiReply(
    {
      content: null,
      refusal: null,
      tool_calls: [
        {
          id: 'call_Test',
          type: 'function',
          function: { name: 'forecast', arguments: TOOL_ARGUMENTS.join('') },
        },
      ],
    },
    'tool_calls',
  ),
  text: openaiEvents(
    TEXT_PARTS.map((content) => ({ content })),
    'stop',
  ),
  tool: openaiEvents(
    [
      toolCall({ id: 'call_Test', type: 'function', function: { name: 'forecast', arguments: '' } }),
      ...TOOL_ARGUMENTS.map((part) => toolCall({ function: { arguments: part } })),
    ],
    'tool_calls',
  ),
  badRequest: openaiError("Invalid type for 'messages[0].content'", {
    type: 'invalid_request_error',
    code: 'invalid_type',
    param: 'messages[0].content',
  }),
  rateLimited: openaiError('Rate limit reached', { type: 'requests', code: 'rate_limit_exceeded' }),
  overloaded: openaiError('The engine is currently overloaded', { type: 'server_error', code: null }),
  overloadedStatus: 503,
  errorEvent: unnamed(openaiError('The server had an error', { type: 'server_error', code: null })),
};
