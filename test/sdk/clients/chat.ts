// The official OpenAI SDK, Chat Completions.

import OpenAI from 'openai';
import { PIXEL } from '../emulator/scenario.ts';
import { type Ask, conversation, PERSON_SCHEMA, type SdkClient, type Seen, TOOL, weather } from './client.ts';

type Message = OpenAI.ChatCompletionMessageParam;

export function chatClient(origin: string, apiKey: string): SdkClient {
  const sdk = new OpenAI({ baseURL: `${origin}/v1`, apiKey, maxRetries: 0 });
  return {
    name: 'openai chat',
    showsThoughts: true,
    stops: { end: 'stop', calls: 'tool_calls', cut: 'length' },
    errors: { 400: OpenAI.BadRequestError, 429: OpenAI.RateLimitError, 503: OpenAI.InternalServerError },

    converse(ask) {
      const messages: Message[] = [{ role: 'user', content: promptOf(ask) }];
      let last: OpenAI.ChatCompletion | null = null;
      const turn = async () => {
        const params = { ...paramsOf(ask), messages };
        const { headers } = ask;
        if (!ask.isStreamed) last = await sdk.chat.completions.create(params, { headers });
        const thoughts: string[] = [];
        if (ask.isStreamed) {
          const options = { stream: true as const, stream_options: { include_usage: true } };
          const stream = sdk.chat.completions.stream({ ...params, ...options }, { headers });
          // Of a field that is not OpenAI's own the SDK keeps only the last piece.
          stream.on('chunk', ({ choices }) => thoughts.push(thoughtOf(choices[0]?.delta)));
          last = await stream.finalChatCompletion();
        }
        const message = last?.choices[0]?.message;
        if (!last || !message) throw new Error('Cannot see an answer: no choice');
        messages.push(message);
        return seenOf(last, ask.isStreamed ? thoughts.join('') : thoughtOf(message));
      };
      const answerCalls = () => {
        for (const call of last?.choices[0]?.message.tool_calls ?? []) {
          if (call.type !== 'function') continue;
          const content = weather(JSON.parse(call.function.arguments));
          messages.push({ role: 'tool', tool_call_id: call.id, content });
        }
      };
      return conversation({ turn, answerCalls });
    },

    async hangUp({ headers, ...ask }) {
      const messages: Message[] = [{ role: 'user', content: ask.prompt }];
      const stream = await sdk.chat.completions.create(
        { ...paramsOf(ask), messages, stream: true },
        { headers },
      );
      for await (const chunk of stream) {
        const text = chunk.choices[0]?.delta.content;
        if (!text) continue;
        stream.controller.abort();
        return text;
      }
      return '';
    },
  };
}

function paramsOf({ model, extra }: Ask) {
  return {
    model,
    max_completion_tokens: 4000,
    ...(extra?.includes('tools') && {
      tools: [
        {
          type: 'function' as const,
          function: { name: TOOL.name, description: TOOL.description, parameters: { ...TOOL.schema } },
        },
      ],
    }),
    // Not OpenAI's own field, but the one by which clients of this API ask to see the reasoning.
    ...(extra?.includes('thoughts') && { reasoning: { effort: 'medium' } }),
    ...(extra?.includes('schema') && {
      response_format: {
        type: 'json_schema' as const,
        json_schema: { name: 'person', strict: true, schema: { ...PERSON_SCHEMA } },
      },
    }),
  };
}

function promptOf({ prompt, extra }: Ask): OpenAI.ChatCompletionContentPart[] {
  const url = `data:image/png;base64,${PIXEL}`;
  const text = { type: 'text' as const, text: prompt };
  return extra?.includes('image') ? [{ type: 'image_url', image_url: { url } }, text] : [text];
}

function thoughtOf(holder: object | undefined): string {
  const thought: unknown = Object.entries(holder ?? {}).find(([name]) => name === 'reasoning_content')?.[1];
  return typeof thought === 'string' ? thought : '';
}

function seenOf({ choices, usage }: OpenAI.ChatCompletion, thought: string): Seen {
  const [choice] = choices;
  return {
    text: choice?.message.content ?? '',
    thought,
    calls: (choice?.message.tool_calls ?? []).flatMap((call) =>
      call.type === 'function'
        ? [{ name: call.function.name, args: JSON.parse(call.function.arguments) }]
        : [],
    ),
    stop: choice?.finish_reason,
    usage: {
      input: usage?.prompt_tokens ?? -1,
      output: usage?.completion_tokens ?? -1,
      cached: usage?.prompt_tokens_details?.cached_tokens ?? -1,
    },
  };
}
