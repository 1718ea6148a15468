// Anthropic's Messages API as its reference has it. Source: platform.claude.com, "Create a Message", "Streaming".

import {
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

const SIGNATURE = 'c2lnbmVkLWJ5LWFudGhyb3BpYw==';
const USAGE = {
  input_tokens: COUNTS.input - COUNTS.cached,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: COUNTS.cached,
};

export const anthropic: Provider = {
  read(call) {
    insist(call.path.split('?')[0] === '/v1/messages', `there is no ${call.path}`);
    insist(typeof call.headers['anthropic-version'] === 'string', 'anthropic-version: header is required');
    insist(typeof call.headers['x-api-key'] === 'string', 'x-api-key header is required');
    const body = bodyOf(call);
    insist(Number.isInteger(body.max_tokens), 'max_tokens: Field required');
    const turns = objects(body.messages, 'messages').map(({ role, content }) => ({
      role: string(role, 'role'),
      blocks: typeof content === 'string' ? [{ type: 'text', text: content }] : objects(content, 'content'),
    }));
    insist(turns[0]?.role === 'user', 'messages: first message must use the "user" role');
    const blocks = turns.flatMap((turn) => turn.blocks);
    for (const { type, signature } of blocks)
      insist(type !== 'thinking' || signature === SIGNATURE, 'Invalid `signature` in `thinking` block');
    insist(!lacksThinking(body, turns), 'Expected `thinking` or `redacted_thinking`, but found `tool_use`');
    for (const block of blocks)
      insist(
        block.type !== 'text' || /\S/.test(string(block.text, 'text')),
        'text content blocks must contain non-whitespace text',
      );
    const format = isObject(body.output_config) ? body.output_config.format : body.output_format;
    return {
      model: string(body.model, 'model'),
      isStreamed: body.stream === true,
      results: resultsOf(turns),
      image: imageOf(blocks),
      schema: isObject(format) ? format.schema : schemaOfTool(body),
      wantsThoughts: isObject(body.thinking) && body.thinking.type !== 'disabled',
      toolNames: objects(body.tools ?? [], 'tools').map((tool) => {
        insist(
          object(tool.input_schema, 'input_schema').type === 'object',
          'input_schema.type: Field required',
        );
        return string(tool.name, 'name');
      }),
    };
  },

  whole(answer, { model }) {
    return {
      ...messageOf(model),
      content: contentOf(answer),
      stop_reason: stopOf(answer.stop),
      usage: { ...USAGE, output_tokens: COUNTS.output },
    };
  },

  stream(answer, { model }) {
    const events: Json[] = [
      {
        type: 'message_start',
        message: { ...messageOf(model), content: [], usage: { ...USAGE, output_tokens: 1 } },
      },
      { type: 'ping' },
    ];
    for (const [index, block] of contentOf(answer).entries()) {
      const delta = (fields: Json) => events.push({ type: 'content_block_delta', index, delta: fields });
      const start =
        block.type === 'tool_use'
          ? { ...block, input: {} }
          : block.type === 'thinking'
            ? { type: 'thinking', thinking: '', signature: '' }
            : { type: 'text', text: '' };
      events.push({ type: 'content_block_start', index, content_block: start });
      if (block.type === 'text')
        for (const text of pieces(string(block.text, 'text'))) delta({ type: 'text_delta', text });
      if (block.type === 'tool_use') {
        delta({ type: 'input_json_delta', partial_json: '' });
        for (const partial_json of pieces(JSON.stringify(block.input)))
          delta({ type: 'input_json_delta', partial_json });
      }
      if (block.type === 'thinking') {
        for (const thinking of pieces(string(block.thinking, 'thinking')))
          delta({ type: 'thinking_delta', thinking });
        delta({ type: 'signature_delta', signature: block.signature });
      }
      if (answer.isSlow) return written(events);
      events.push({ type: 'content_block_stop', index });
    }
    const delta = { stop_reason: stopOf(answer.stop), stop_sequence: null };
    events.push(
      { type: 'message_delta', delta, usage: { output_tokens: COUNTS.output } },
      { type: 'message_stop' },
    );
    return written(events);
  },

  refusal(kind, message) {
    const errors = {
      'bad-request': [400, 'invalid_request_error'],
      'rate-limited': [429, 'rate_limit_error'],
      overloaded: [529, 'overloaded_error'],
    } as const;
    const [status, type] = errors[kind];
    return { status, body: { type: 'error', error: { type, message }, request_id: 'req_emulated' } };
  },
};

function written(events: readonly Json[]): string[] {
  return events.map((event) => sse(event, String(event.type)));
}

function messageOf(model: string): Json {
  return {
    id: 'msg_01Emulated',
    type: 'message',
    role: 'assistant',
    model,
    stop_reason: null,
    stop_sequence: null,
  };
}

function contentOf({ thought, text, calls }: Parameters<Provider['whole']>[0]): Json[] {
  return [
    ...(thought === '' ? [] : [{ type: 'thinking', thinking: thought, signature: SIGNATURE }]),
    { type: 'text', text },
    ...calls.map(({ name, args }, index) => ({
      type: 'tool_use',
      id: `toolu_01Emulated${index}`,
      name,
      input: args,
    })),
  ];
}

function stopOf(stop: 'end' | 'calls' | 'cut'): string {
  return { end: 'end_turn', calls: 'tool_use', cut: 'max_tokens' }[stop];
}

/** With a budget of thinking, a turn that goes on after results of tools must have begun with thinking. */
function lacksThinking(body: Json, turns: readonly { role: string; blocks: Json[] }[]): boolean {
  const hasBudget = isObject(body.thinking) && body.thinking.type === 'enabled';
  const last = turns.findLast(({ role }) => role === 'assistant');
  const isGoingOn = turns.at(-1)?.blocks[0]?.type === 'tool_result';
  return hasBudget && isGoingOn && last?.blocks[0]?.type !== 'thinking';
}

/** Every call is answered in the next turn, before anything else in it. */
function resultsOf(turns: readonly { role: string; blocks: Json[] }[]): string[] {
  const last = turns.findLastIndex(({ role }) => role === 'assistant');
  const calls = turns[last]?.blocks.filter(({ type }) => type === 'tool_use') ?? [];
  const next = turns[last + 1]?.blocks ?? [];
  return calls.map((call, index) => {
    insist(isObject(call.input), 'tool_use.input: Input should be a valid dictionary');
    const ids = next.slice(0, calls.length).map((block) => block.tool_use_id);
    insist(
      next[index]?.type === 'tool_result',
      '`tool_use` ids were found without `tool_result` blocks immediately after',
    );
    const result = next[ids.indexOf(call.id)];
    insist(result !== undefined, `unexpected tool_use_id: ${String(call.id)} has no result`);
    return textOf(result.content);
  });
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return objects(content ?? [], 'content')
    .map(({ text }) => text ?? '')
    .join('');
}

function imageOf(blocks: readonly Json[]) {
  const image = blocks.find(({ type }) => type === 'image');
  if (!image) return null;
  const source = object(image.source, 'source');
  insist(source.type === 'base64', 'source.type must be base64');
  return { mediaType: string(source.media_type, 'media_type'), base64: string(source.data, 'data') };
}

/** Clients for models without structured outputs ask for the answer by a forced tool. */
function schemaOfTool(body: Json): unknown {
  return objects(body.tools ?? [], 'tools').find(({ name }) => name === 'json')?.input_schema ?? null;
}
