// OpenAI's Responses API as its reference has it. Source: OpenAI API reference, "Responses" and "Streaming events".

import {
  type Answer,
  bodyOf,
  COUNTS,
  insist,
  isObject,
  type Json,
  objects,
  type Provider,
  pieces,
  sse,
  string,
} from './scenario.ts';

let made = 0;

export const responses: Provider = {
  read(call) {
    insist(call.path === '/v1/responses', `there is no ${call.path}`);
    insist(/^Bearer \S+/.test(call.headers.authorization ?? ''), "You didn't provide an API key");
    const body = bodyOf(call);
    const items =
      typeof body.input === 'string' ? [{ role: 'user', content: body.input }] : objects(body.input, 'input');
    const parts = items.flatMap((item: Json) =>
      Array.isArray(item.content) ? objects(item.content, 'content') : [],
    );
    for (const item of items)
      insist(
        item.type !== 'reasoning' || typeof item.encrypted_content === 'string',
        'Item of type reasoning not found: items are not persisted',
      );
    const format = isObject(body.text) && isObject(body.text.format) ? body.text.format : {};
    return {
      model: string(body.model, 'model'),
      isStreamed: body.stream === true,
      results: resultsOf(items),
      image: imageOf(parts),
      schema: format.type === 'json_schema' ? format.schema : null,
      wantsThoughts: isObject(body.reasoning) && typeof body.reasoning.summary === 'string',
      toolNames: objects(body.tools ?? [], 'tools').map((tool) => {
        insist(tool.type === 'function', `unknown tool type ${String(tool.type)}`);
        return string(tool.name, 'tools[].name');
      }),
    };
  },

  whole(answer, { model }) {
    const status = answer.stop === 'cut' ? 'incomplete' : 'completed';
    return responseOf({ answer, model, status, id: nextId(), output: itemsOf(answer) });
  },

  stream(answer, { model }) {
    const id = nextId();
    const events: Json[] = [];
    const push = (type: string, fields: Json) =>
      events.push({ type, sequence_number: events.length, ...fields });
    const response = responseOf({ answer, model, id, status: 'in_progress', output: [] });
    push('response.created', { response });
    push('response.in_progress', { response });
    const output = itemsOf(answer);
    for (const [output_index, item] of output.entries()) {
      const isLast = pushItem(push, { item, output_index, isSlow: answer.isSlow });
      if (isLast) return events.map((event) => sse(event, String(event.type)));
    }
    const status = answer.stop === 'cut' ? 'incomplete' : 'completed';
    push(`response.${status}`, { response: responseOf({ answer, model, status, id, output }) });
    return events.map((event) => sse(event, String(event.type)));
  },

  refusal(kind, message) {
    const errors = {
      'bad-request': [400, 'invalid_request_error', null],
      'rate-limited': [429, 'requests', 'rate_limit_exceeded'],
      overloaded: [503, 'server_error', 'server_is_overloaded'],
    } as const;
    const [status, type, code] = errors[kind];
    return { status, body: { error: { message, type, param: null, code } } };
  },
};

function nextId(): string {
  made += 1;
  return `resp_emulated${made}`;
}

type Push = (type: string, fields: Json) => void;

/** The events of one item; true when the stream is to pause in it for good. */
function pushItem(
  push: Push,
  { item, output_index, isSlow }: { item: Json; output_index: number; isSlow: boolean },
): boolean {
  const place = { item_id: item.id, output_index };
  push('response.output_item.added', { output_index, item: emptied(item) });
  if (item.type === 'reasoning') {
    const [part] = objects(item.summary, 'summary');
    const at = { ...place, summary_index: 0 };
    push('response.reasoning_summary_part.added', { ...at, part: { type: 'summary_text', text: '' } });
    for (const delta of pieces(String(part?.text)))
      push('response.reasoning_summary_text.delta', { ...at, delta });
    push('response.reasoning_summary_text.done', { ...at, text: part?.text });
    push('response.reasoning_summary_part.done', { ...at, part });
  }
  if (item.type === 'message') {
    const [part] = objects(item.content, 'content');
    const at = { ...place, content_index: 0 };
    push('response.content_part.added', { ...at, part: { ...part, text: '' } });
    for (const delta of pieces(String(part?.text)))
      push('response.output_text.delta', { ...at, delta, logprobs: [] });
    if (isSlow) return true;
    push('response.output_text.done', { ...at, text: part?.text, logprobs: [] });
    push('response.content_part.done', { ...at, part });
  }
  if (item.type === 'function_call') {
    const json = String(item.arguments);
    for (const delta of pieces(json)) push('response.function_call_arguments.delta', { ...place, delta });
    push('response.function_call_arguments.done', { ...place, arguments: json });
  }
  push('response.output_item.done', { output_index, item });
  return false;
}

function emptied(item: Json): Json {
  if (item.type === 'message') return { ...item, status: 'in_progress', content: [] };
  if (item.type === 'reasoning') return { id: item.id, type: 'reasoning', summary: [] };
  return { ...item, status: 'in_progress', arguments: '' };
}

function itemsOf({ thought, text, calls }: Answer): Json[] {
  const reasoning = {
    id: 'rs_emulated',
    type: 'reasoning',
    summary: [{ type: 'summary_text', text: thought }],
    encrypted_content: 'gAAAAemulated',
  };
  const content = [{ type: 'output_text', text, annotations: [], logprobs: [] }];
  return [
    ...(thought === '' ? [] : [reasoning]),
    { id: 'msg_emulated', type: 'message', status: 'completed', role: 'assistant', content },
    ...calls.map(({ name, args }, index) => ({
      id: `fc_emulated${index}`,
      type: 'function_call',
      status: 'completed',
      call_id: `call_emulated${index}`,
      name,
      arguments: JSON.stringify(args),
    })),
  ];
}

function responseOf({
  answer,
  model,
  id,
  status,
  output,
}: {
  answer: Answer;
  model: string;
  id: string;
  status: string;
  output: Json[];
}): Json {
  const isOver = status !== 'in_progress';
  return {
    id,
    object: 'response',
    created_at: 1_767_225_600,
    status,
    background: false,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    metadata: {},
    model,
    output,
    parallel_tool_calls: true,
    tool_choice: 'auto',
    tools: [],
    temperature: 1,
    top_p: 1,
    usage: isOver
      ? {
          input_tokens: COUNTS.input,
          input_tokens_details: { cached_tokens: COUNTS.cached },
          output_tokens: COUNTS.output,
          output_tokens_details: { reasoning_tokens: answer.thought === '' ? 0 : COUNTS.thoughts },
          total_tokens: COUNTS.input + COUNTS.output,
        }
      : null,
  };
}

/** Every call has its output further on; only those behind the last call count as results. */
function resultsOf(items: readonly Json[]): string[] {
  const calls = items.filter(({ type }) => type === 'function_call');
  return calls.map((call) => {
    JSON.parse(string(call.arguments, 'arguments'));
    const result = items.find(
      ({ type, call_id }) => type === 'function_call_output' && call_id === call.call_id,
    );
    insist(result !== undefined, `No tool output found for function call ${String(call.call_id)}.`);
    return string(result.output, 'output');
  });
}

function imageOf(parts: readonly Json[]) {
  const image = parts.find(({ type }) => type === 'input_image');
  if (!image) return null;
  const [, mediaType = '', base64 = ''] =
    /^data:([^;]+);base64,(.+)$/.exec(string(image.image_url, 'image_url')) ?? [];
  return { mediaType, base64 };
}
