// The official OpenAI SDK, Responses.

import OpenAI from 'openai';
import { PIXEL } from '../emulator/scenario.ts';
import { type Ask, conversation, PERSON_SCHEMA, type SdkClient, type Seen, TOOL, weather } from './client.ts';

type Item = OpenAI.Responses.ResponseInputItem;

export function responsesClient(origin: string, apiKey: string): SdkClient {
  const sdk = new OpenAI({ baseURL: `${origin}/v1`, apiKey, maxRetries: 0 });
  return {
    name: 'openai responses',
    showsThoughts: true,
    stops: { end: 'completed', calls: 'completed', cut: 'incomplete' },
    errors: { 400: OpenAI.BadRequestError, 429: OpenAI.RateLimitError, 503: OpenAI.InternalServerError },

    converse(ask) {
      const input: Item[] = [{ role: 'user', content: promptOf(ask) }];
      let last: OpenAI.Responses.Response | null = null;
      const turn = async () => {
        const params = { ...paramsOf(ask), input };
        const { headers } = ask;
        last = ask.isStreamed
          ? await sdk.responses.stream(params, { headers }).finalResponse()
          : await sdk.responses.create(params, { headers });
        input.push(...last.output.filter(isInput));
        return seenOf(last);
      };
      const answerCalls = () => {
        for (const item of last?.output ?? []) {
          if (item.type !== 'function_call') continue;
          const output = weather(JSON.parse(item.arguments));
          input.push({ type: 'function_call_output', call_id: item.call_id, output });
        }
      };
      return conversation({ turn, answerCalls });
    },

    async hangUp(ask) {
      const stream = await sdk.responses.create(
        { ...paramsOf(ask), input: ask.prompt, stream: true },
        { headers: ask.headers },
      );
      for await (const event of stream) {
        if (event.type !== 'response.output_text.delta') continue;
        stream.controller.abort();
        return event.delta;
      }
      return '';
    },
  };
}

function isInput(item: OpenAI.Responses.ResponseOutputItem) {
  return item.type === 'message' || item.type === 'function_call' || item.type === 'reasoning';
}

function paramsOf({ model, extra }: Ask) {
  return {
    model,
    store: false,
    max_output_tokens: 4000,
    ...(extra?.includes('tools') && {
      tools: [
        {
          type: 'function' as const,
          name: TOOL.name,
          description: TOOL.description,
          parameters: { ...TOOL.schema },
          strict: false,
        },
      ],
    }),
    ...(extra?.includes('thoughts') && {
      reasoning: { effort: 'medium' as const, summary: 'auto' as const },
      include: ['reasoning.encrypted_content' as const],
    }),
    ...(extra?.includes('schema') && {
      text: {
        format: { type: 'json_schema' as const, name: 'person', strict: true, schema: { ...PERSON_SCHEMA } },
      },
    }),
  };
}

function promptOf({ prompt, extra }: Ask): OpenAI.Responses.ResponseInputContent[] {
  const image_url = `data:image/png;base64,${PIXEL}`;
  const text = { type: 'input_text' as const, text: prompt };
  return extra?.includes('image') ? [{ type: 'input_image', image_url, detail: 'auto' }, text] : [text];
}

function seenOf({ output, status, usage, output_text }: OpenAI.Responses.Response): Seen {
  return {
    text: output_text,
    thought: output
      .flatMap((item) => (item.type === 'reasoning' ? item.summary.map(({ text }) => text) : []))
      .join(''),
    calls: output.flatMap((item) =>
      item.type === 'function_call' ? [{ name: item.name, args: JSON.parse(item.arguments) }] : [],
    ),
    stop: status,
    usage: {
      input: usage?.input_tokens ?? -1,
      output: usage?.output_tokens ?? -1,
      cached: usage?.input_tokens_details.cached_tokens ?? -1,
    },
  };
}
