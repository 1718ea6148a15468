// The official Anthropic SDK.

import Anthropic from '@anthropic-ai/sdk';
import { PIXEL } from '../emulator/scenario.ts';
import { type Ask, conversation, PERSON_SCHEMA, type SdkClient, type Seen, TOOL, weather } from './client.ts';

export function anthropicClient(origin: string, apiKey: string): SdkClient {
  const sdk = new Anthropic({ baseURL: origin, apiKey, authToken: null, maxRetries: 0 });
  return {
    name: 'anthropic',
    showsThoughts: true,
    stops: { end: 'end_turn', calls: 'tool_use', cut: 'max_tokens' },
    errors: {
      400: Anthropic.BadRequestError,
      429: Anthropic.RateLimitError,
      503: Anthropic.InternalServerError,
    },

    converse(ask) {
      const messages: Anthropic.MessageParam[] = [{ role: 'user', content: promptOf(ask) }];
      let last: Anthropic.Message | null = null;
      const turn = async () => {
        const params = { ...paramsOf(ask), messages };
        const { headers } = ask;
        last = ask.isStreamed
          ? await sdk.messages.stream(params, { headers }).finalMessage()
          : await sdk.messages.create(params, { headers });
        messages.push({ role: 'assistant', content: last.content });
        return seenOf(last);
      };
      const answerCalls = () => {
        const calls = last?.content.filter((block) => block.type === 'tool_use') ?? [];
        const content = calls.map(({ id, input }) => ({
          type: 'tool_result' as const,
          tool_use_id: id,
          content: weather(input),
        }));
        messages.push({ role: 'user', content });
      };
      return conversation({ turn, answerCalls });
    },

    async hangUp(ask) {
      const stream = sdk.messages.stream(
        { ...paramsOf(ask), messages: [{ role: 'user', content: ask.prompt }] },
        { headers: ask.headers },
      );
      for await (const event of stream) {
        if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') {
          stream.abort();
          return event.delta.text;
        }
      }
      return '';
    },
  };
}

function paramsOf({ model, extra }: Ask) {
  return {
    model,
    max_tokens: 4000,
    ...(extra?.includes('tools') && {
      tools: [
        {
          name: TOOL.name,
          description: TOOL.description,
          input_schema: { ...TOOL.schema, required: [...TOOL.schema.required] },
        },
      ],
    }),
    ...(extra?.includes('thoughts') && { thinking: { type: 'enabled' as const, budget_tokens: 2000 } }),
    ...(extra?.includes('schema') && {
      output_config: { format: { type: 'json_schema' as const, schema: { ...PERSON_SCHEMA } } },
    }),
  };
}

function promptOf({ prompt, extra }: Ask): Anthropic.ContentBlockParam[] {
  const source = { type: 'base64' as const, media_type: 'image/png' as const, data: PIXEL };
  const text = { type: 'text' as const, text: prompt };
  return extra?.includes('image') ? [{ type: 'image', source }, text] : [text];
}

function seenOf({ content, stop_reason, usage }: Anthropic.Message): Seen {
  const cached = usage.cache_read_input_tokens ?? 0;
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    thought: content.map((block) => (block.type === 'thinking' ? block.thinking : '')).join(''),
    calls: content.flatMap((block) =>
      block.type === 'tool_use' ? [{ name: block.name, args: block.input }] : [],
    ),
    stop: stop_reason,
    usage: { input: usage.input_tokens + cached, output: usage.output_tokens, cached },
  };
}
