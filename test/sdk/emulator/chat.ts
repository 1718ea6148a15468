// OpenAI's Chat Completions as its reference has them, with the reasoning of DeepSeek. Source: OpenAI API reference, "Chat".

import {
  type Answer,
  bodyOf,
  COUNTS,
  insist,
  isObject,
  type Json,
  object,
  objects,
  type Provider,
  pieces,
  sse,
  string,
} from './scenario.ts';

const USAGE = {
  prompt_tokens: COUNTS.input,
  completion_tokens: COUNTS.output,
  total_tokens: COUNTS.input + COUNTS.output,
  prompt_tokens_details: { cached_tokens: COUNTS.cached, audio_tokens: 0 },
};

export const chat: Provider = {
  read(call) {
    insist(call.path === '/v1/chat/completions', `there is no ${call.path}`);
    insist(/^Bearer \S+/.test(call.headers.authorization ?? ''), "You didn't provide an API key");
    const body = bodyOf(call);
    const messages = objects(body.messages, 'messages');
    const parts = messages.flatMap(({ content }) =>
      Array.isArray(content) ? objects(content, 'content') : [],
    );
    const format = isObject(body.response_format) ? body.response_format : {};
    const thinking = isObject(body.thinking) ? body.thinking.type !== 'disabled' : false;
    return {
      model: string(body.model, 'model'),
      isStreamed: body.stream === true,
      results: resultsOf(messages),
      image: imageOf(parts),
      schema: isObject(format.json_schema) ? format.json_schema.schema : null,
      wantsThoughts: thinking || isObject(body.reasoning) || typeof body.reasoning_effort === 'string',
      toolNames: objects(body.tools ?? [], 'tools').map((tool) => {
        insist(tool.type === 'function', 'tools[].type must be function');
        return string(object(tool.function, 'function').name, 'name');
      }),
    };
  },

  whole(answer, { model }) {
    const choice = {
      index: 0,
      message: messageOf(answer),
      logprobs: null,
      finish_reason: stopOf(answer.stop),
    };
    return {
      id: 'chatcmpl-Emulated',
      object: 'chat.completion',
      created: 1_767_225_600,
      model,
      choices: [choice],
      usage: usageOf(answer),
    };
  },

  stream(answer, { model }) {
    const chunks: Json[] = [];
    const envelope = {
      id: 'chatcmpl-Emulated',
      object: 'chat.completion.chunk',
      created: 1_767_225_600,
      model,
    };
    const push = (delta: Json, finish_reason: string | null = null) =>
      chunks.push({ ...envelope, choices: [{ index: 0, delta, logprobs: null, finish_reason }] });
    push({ role: 'assistant', content: '', refusal: null });
    for (const reasoning_content of pieces(answer.thought)) push({ reasoning_content });
    for (const content of pieces(answer.text)) push({ content });
    if (answer.isSlow) return chunks.map((chunk) => sse(chunk));
    for (const [index, call] of answer.calls.entries()) {
      push({
        tool_calls: [
          {
            index,
            id: `call_Emulated${index}`,
            type: 'function',
            function: { name: call.name, arguments: '' },
          },
        ],
      });
      for (const piece of pieces(JSON.stringify(call.args)))
        push({ tool_calls: [{ index, function: { arguments: piece } }] });
    }
    push({}, stopOf(answer.stop));
    chunks.push({ ...envelope, choices: [], usage: usageOf(answer) });
    return [...chunks.map((chunk) => sse(chunk)), sse('[DONE]')];
  },

  refusal(kind, message) {
    const errors = {
      'bad-request': [400, 'invalid_request_error', null],
      'rate-limited': [429, 'requests', 'rate_limit_exceeded'],
      overloaded: [503, 'server_error', null],
    } as const;
    const [status, type, code] = errors[kind];
    return { status, body: { error: { message, type, param: null, code } } };
  },
};

function usageOf({ thought }: Answer): Json {
  return { ...USAGE, completion_tokens_details: { reasoning_tokens: thought === '' ? 0 : COUNTS.thoughts } };
}

function messageOf({ thought, text, calls }: Answer): Json {
  const toolCalls = calls.map(({ name, args }, index) => ({
    id: `call_Emulated${index}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(args) },
  }));
  return {
    role: 'assistant',
    content: text,
    refusal: null,
    ...(thought === '' ? {} : { reasoning_content: thought }),
    ...(toolCalls.length === 0 ? {} : { tool_calls: toolCalls }),
  };
}

function stopOf(stop: Answer['stop']): string {
  return { end: 'stop', calls: 'tool_calls', cut: 'length' }[stop];
}

/** Every call is answered by a `tool` message of its own, right after the message that made it. */
function resultsOf(messages: readonly Json[]): string[] {
  const last = messages.findLastIndex(({ role }) => role === 'assistant');
  const calls = objects(messages[last]?.tool_calls ?? [], 'tool_calls');
  const next = messages.slice(last + 1, last + 1 + calls.length);
  return calls.map((call) => {
    JSON.parse(string(object(call.function, 'function').arguments, 'arguments'));
    const result = next.find(({ role, tool_call_id }) => role === 'tool' && tool_call_id === call.id);
    insist(result !== undefined, "An assistant message with 'tool_calls' must be followed by tool messages");
    return string(result.content, 'the content of a tool message');
  });
}

function imageOf(parts: readonly Json[]) {
  const image = parts.find(({ type }) => type === 'image_url');
  if (!image) return null;
  const [, mediaType = '', base64 = ''] =
    /^data:([^;]+);base64,(.+)$/.exec(string(object(image.image_url, 'image_url').url, 'url')) ?? [];
  return { mediaType, base64 };
}
