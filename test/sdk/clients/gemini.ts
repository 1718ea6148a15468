// Google's official Gen AI SDK.

import {
  ApiError,
  type Content,
  type GenerateContentConfig,
  type GenerateContentResponse,
  GoogleGenAI,
  type Part,
} from '@google/genai';
import { PIXEL } from '../emulator/scenario.ts';
import { type Ask, conversation, PERSON_SCHEMA, type SdkClient, type Seen, TOOL, weather } from './client.ts';

export function geminiClient(origin: string, apiKey: string): SdkClient {
  const sdk = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: origin } });
  const stream = ({ model, ...ask }: Ask, contents: Content[], abortSignal?: AbortSignal) =>
    sdk.models.generateContentStream({
      model,
      contents,
      config: { ...configOf({ model, ...ask }), ...(abortSignal && { abortSignal }) },
    });
  return {
    name: 'genai',
    showsThoughts: true,
    stops: { end: 'STOP', calls: 'STOP', cut: 'MAX_TOKENS' },
    errors: { 400: ApiError, 429: ApiError, 503: ApiError },

    converse(ask) {
      const contents: Content[] = [{ role: 'user', parts: promptOf(ask) }];
      let parts: Part[] = [];
      const turn = async () => {
        const replies: GenerateContentResponse[] = [];
        if (ask.isStreamed) for await (const chunk of await stream(ask, contents)) replies.push(chunk);
        else
          replies.push(
            await sdk.models.generateContent({ model: ask.model, contents, config: configOf(ask) }),
          );
        parts = replies.flatMap((reply) => reply.candidates?.[0]?.content?.parts ?? []);
        contents.push({ role: 'model', parts });
        return seenOf(parts, replies);
      };
      const answerCalls = () => {
        const results = parts.flatMap(({ functionCall: call }): Part[] =>
          call
            ? [
                {
                  functionResponse: {
                    ...(call.id === undefined ? {} : { id: call.id }),
                    name: call.name ?? '',
                    response: { output: weather(call.args) },
                  },
                },
              ]
            : [],
        );
        contents.push({ role: 'user', parts: results });
      };
      return conversation({ turn, answerCalls });
    },

    async hangUp(ask) {
      const abort = new AbortController();
      const contents = [{ role: 'user', parts: [{ text: ask.prompt }] }];
      for await (const { text } of await stream(ask, contents, abort.signal)) {
        if (!text) continue;
        abort.abort();
        return text;
      }
      return '';
    },
  };
}

function configOf({ extra, headers }: Ask): GenerateContentConfig {
  return {
    maxOutputTokens: 4000,
    ...(headers && { httpOptions: { headers } }),
    ...(extra?.includes('tools') && {
      tools: [
        {
          functionDeclarations: [
            { name: TOOL.name, description: TOOL.description, parametersJsonSchema: TOOL.schema },
          ],
        },
      ],
    }),
    ...(extra?.includes('thoughts') && { thinkingConfig: { includeThoughts: true, thinkingBudget: 2048 } }),
    ...(extra?.includes('schema') && {
      responseMimeType: 'application/json',
      responseJsonSchema: PERSON_SCHEMA,
    }),
  };
}

function promptOf({ prompt, extra }: Ask): Part[] {
  const image = { inlineData: { mimeType: 'image/png', data: PIXEL } };
  return extra?.includes('image') ? [image, { text: prompt }] : [{ text: prompt }];
}

function seenOf(parts: readonly Part[], replies: readonly GenerateContentResponse[]): Seen {
  const usage = replies.findLast((reply) => reply.usageMetadata)?.usageMetadata;
  const texts = (isThought: boolean) =>
    parts.map(({ text, thought }) => ((thought === true) === isThought ? (text ?? '') : '')).join('');
  return {
    text: texts(false),
    thought: texts(true),
    calls: parts.flatMap(({ functionCall: call }) =>
      call ? [{ name: call.name ?? '', args: call.args }] : [],
    ),
    stop: replies.findLast((reply) => reply.candidates?.[0]?.finishReason)?.candidates?.[0]?.finishReason,
    usage: {
      input: usage?.promptTokenCount ?? -1,
      output: (usage?.candidatesTokenCount ?? -1) + (usage?.thoughtsTokenCount ?? 0),
      cached: usage?.cachedContentTokenCount ?? -1,
    },
  };
}
