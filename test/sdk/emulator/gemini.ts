// Google's generateContent as its reference has it. Source: ai.google.dev, "Generating content", "Function calling".

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

export const gemini: Provider = {
  read(call) {
    const [, model, method, query] = /^\/v1beta\/models\/([^/:]+):(\w+)(\?.*)?$/.exec(call.path) ?? [];
    insist(
      model !== undefined && /^(stream)?[gG]enerateContent$/.test(method ?? ''),
      `there is no ${call.path}`,
    );
    insist(typeof call.headers['x-goog-api-key'] === 'string', 'API key not valid');
    const isStreamed = method === 'streamGenerateContent';
    insist(!isStreamed || query === '?alt=sse', 'this provider streams events only');
    const body = bodyOf(call);
    const contents = objects(body.contents, 'contents').map(({ role, parts }) => ({
      role,
      parts: objects(parts, 'parts'),
    }));
    insist(contents[0]?.role !== 'model', 'Please ensure that the first turn is the user’s');
    const config = isObject(body.generationConfig) ? body.generationConfig : {};
    return {
      model,
      isStreamed,
      results: resultsOf(contents),
      image: imageOf(contents.flatMap(({ parts }) => parts)),
      schema: config.responseJsonSchema ?? config.responseSchema ?? null,
      wantsThoughts: isObject(config.thinkingConfig) && config.thinkingConfig.includeThoughts === true,
      toolNames: objects(body.tools ?? [], 'tools').flatMap((tool) =>
        objects(tool.functionDeclarations, 'functionDeclarations').map(({ name }) => string(name, 'name')),
      ),
    };
  },

  whole(answer, { model }) {
    const parts = [...thoughtsOf(answer), { text: answer.text }, ...callsOf(answer)];
    return chunkOf(parts, { answer, model, isLast: true });
  },

  stream(answer, { model }) {
    const parts = [
      ...pieces(answer.thought).map((text) => ({ text, thought: true })),
      ...pieces(answer.text).map((text) => ({ text })),
      ...callsOf(answer),
    ];
    const chunks = parts.map((part) => chunkOf([part], { answer, model, isLast: false }));
    const end = answer.isSlow ? [] : [chunkOf([{ text: '' }], { answer, model, isLast: true })];
    return [...chunks, ...end].map((chunk) => sse(chunk));
  },

  refusal(kind, message) {
    const errors = {
      'bad-request': [400, 'INVALID_ARGUMENT'],
      'rate-limited': [429, 'RESOURCE_EXHAUSTED'],
      overloaded: [503, 'UNAVAILABLE'],
    } as const;
    const [code, status] = errors[kind];
    const retry = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '7s' };
    const details = kind === 'rate-limited' ? { details: [retry] } : {};
    return { status: code, body: { error: { code, message, status, ...details } } };
  },
};

function chunkOf(
  parts: readonly Json[],
  { answer, model, isLast }: { answer: Answer; model: string; isLast: boolean },
): Json {
  const end = isLast ? { finishReason: answer.stop === 'cut' ? 'MAX_TOKENS' : 'STOP' } : {};
  const thoughts = answer.thought === '' ? 0 : COUNTS.thoughts;
  return {
    candidates: [{ content: { parts, role: 'model' }, index: 0, ...end }],
    usageMetadata: {
      promptTokenCount: COUNTS.input,
      cachedContentTokenCount: COUNTS.cached,
      candidatesTokenCount: COUNTS.output - thoughts,
      ...(thoughts === 0 ? {} : { thoughtsTokenCount: thoughts }),
      totalTokenCount: COUNTS.input + COUNTS.output,
    },
    modelVersion: model,
    responseId: 'EmulatedReply',
  };
}

function thoughtsOf({ thought }: Answer): Json[] {
  return thought === '' ? [] : [{ text: thought, thought: true }];
}

/** Calls have no ids here; the first one is signed. */
function callsOf({ calls }: Answer): Json[] {
  return calls.map(({ name, args }, index) => ({
    functionCall: { name, args },
    ...(index === 0 ? { thoughtSignature: 'c2lnbmVkLWJ5LWdlbWluaQ==' } : {}),
  }));
}

/** As many responses as calls, in the turn right after, in the same order; the first call must be signed. */
function resultsOf(contents: readonly { role: unknown; parts: Json[] }[]): string[] {
  const last = contents.findLastIndex(({ role }) => role === 'model');
  const calls = contents[last]?.parts.filter(({ functionCall }) => isObject(functionCall)) ?? [];
  if (calls.length === 0) return [];
  insist(
    typeof calls[0]?.thoughtSignature === 'string',
    'Function call is missing a thought_signature in functionCall parts.',
  );
  const next = contents[last + 1]?.parts.filter(({ functionResponse }) => isObject(functionResponse)) ?? [];
  insist(
    next.length === calls.length,
    'the number of function response parts is not equal to the number of function call parts of the function call turn',
  );
  return calls.map(({ functionCall }, index) => {
    const { name, response } = object(next[index]?.functionResponse, 'functionResponse');
    insist(name === object(functionCall, 'functionCall').name, 'function response name does not match');
    return textOf(object(response, 'response'));
  });
}

function textOf(response: Json): string {
  const value = response.output ?? response.content ?? response.result ?? response;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function imageOf(parts: readonly Json[]) {
  const image = parts.find(({ inlineData }) => isObject(inlineData));
  if (!image) return null;
  const { mimeType, data } = object(image.inlineData, 'inlineData');
  return { mediaType: string(mimeType, 'mimeType'), base64: string(data, 'data') };
}
