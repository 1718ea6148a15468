// The AI SDK with its provider for each dialect.

import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import {
  APICallError,
  generateText,
  isStepCount,
  jsonSchema,
  type LanguageModel,
  Output,
  streamText,
  tool,
} from 'ai';
import { PIXEL } from '../emulator/scenario.ts';
import { type Ask, PERSON_SCHEMA, type SdkClient, type Seen, TOOL, weather } from './client.ts';

export function aiClients(origin: string, apiKey: string): SdkClient[] {
  const anthropic = createAnthropic({ baseURL: `${origin}/v1`, apiKey });
  const openai = createOpenAI({ baseURL: `${origin}/v1`, apiKey });
  const google = createGoogleGenerativeAI({ baseURL: `${origin}/v1beta`, apiKey });
  return [
    aiClient('ai anthropic', (model) => anthropic(model)),
    aiClient('ai openai chat', (model) => openai.chat(model)),
    aiClient('ai openai responses', (model) => openai.responses(model)),
    aiClient('ai google', (model) => google(model)),
  ];
}

function aiClient(name: string, modelOf: (model: string) => LanguageModel): SdkClient {
  return {
    name,
    // Chat Completions has no thoughts, and its provider here looks for none.
    showsThoughts: name !== 'ai openai chat',
    stops: { end: 'stop', calls: 'tool-calls', cut: 'length' },
    errors: { 400: APICallError, 429: APICallError, 503: APICallError },

    async converse(ask) {
      const options = optionsOf(ask, modelOf(ask.model));
      const steps = ask.isStreamed ? await streamedSteps(options) : (await generateText(options)).steps;
      return steps.map(seenOf);
    },

    async hangUp(ask) {
      const abort = new AbortController();
      const { textStream } = streamText({ ...optionsOf(ask, modelOf(ask.model)), abortSignal: abort.signal });
      for await (const text of textStream) {
        if (text === '') continue;
        abort.abort();
        return text;
      }
      return '';
    },
  };
}

/** Errors are told to `onError` and only then thrown. */
async function streamedSteps(options: ReturnType<typeof optionsOf>) {
  let failure: unknown = null;
  const keep = ({ error }: { error: unknown }) => {
    failure = error;
  };
  const result = streamText({ ...options, onError: keep });
  await result.consumeStream();
  if (failure) throw failure;
  return result.steps;
}

function optionsOf({ prompt, extra, headers }: Ask, model: LanguageModel) {
  const image = { type: 'image' as const, image: PIXEL, mediaType: 'image/png' };
  const text = { type: 'text' as const, text: prompt };
  const content = extra?.includes('image') ? [image, text] : [text];
  return {
    model,
    messages: [{ role: 'user' as const, content }],
    maxRetries: 0,
    maxOutputTokens: 4000,
    ...(headers && { headers }),
    ...(extra?.includes('tools') && { tools: { [TOOL.name]: TOOLS }, stopWhen: isStepCount(4) }),
    ...(extra?.includes('schema') && {
      output: Output.object({ schema: jsonSchema({ ...PERSON_SCHEMA, required: ['name', 'age'] }) }),
    }),
    providerOptions: extra?.includes('thoughts') ? THOUGHTS : OPTIONS,
  };
}

/**
 * Known Claude models take schemas; these names are not known. Of what it believes to be stored the Responses provider
 * sends references instead of words.
 */
const OPTIONS = {
  anthropic: { structuredOutputMode: 'outputFormat' },
  openai: { store: false },
} as const;
const THOUGHTS = {
  anthropic: { thinking: { type: 'enabled', budgetTokens: 2000 } },
  openai: { store: false, reasoningSummary: 'auto', reasoningEffort: 'medium', forceReasoning: true },
  google: { thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } },
} as const;

const TOOLS = tool({
  description: TOOL.description,
  inputSchema: jsonSchema({ ...TOOL.schema, required: ['city'] }),
  execute: (args: unknown) => weather(args),
});

type Step = Awaited<ReturnType<typeof generateText>>['steps'][number];

function seenOf({ text, reasoningText, toolCalls, finishReason, usage }: Step): Seen {
  return {
    text,
    thought: reasoningText ?? '',
    calls: toolCalls.map(({ toolName, input }) => ({ name: toolName, args: input })),
    stop: finishReason,
    usage: {
      input: usage.inputTokens ?? -1,
      output: usage.outputTokens ?? -1,
      cached: usage.inputTokenDetails.cacheReadTokens ?? -1,
    },
  };
}
