// Gemini on the straight path: where it goes, and how its replies state usage, errors, pins and their own end.

import type { Dialect, ReplyFacts } from '../dialect.ts';
import { isObject, type JsonObject, listAt, objectAt } from '../json.ts';
import type { UpstreamCall } from '../surface.ts';
import { readGeminiError } from './error.ts';
import { readSignature } from './part.ts';
import { geminiUsage } from './usage.ts';
import { GeminiStreamWatch } from './watch.ts';

export const gemini: Dialect = {
  surface: 'gemini',
  upstreamPath,
  // OAuth access tokens of Google are bearer tokens; API keys have a header of their own.
  credentialHeaders: (credential): Record<string, string> =>
    credential.startsWith('ya29.')
      ? { authorization: `Bearer ${credential}` }
      : { 'x-goog-api-key': credential },
  defaultHeaders: {},
  readUsage: geminiUsage,
  readReply,
  readError: readGeminiError,
  watchStream: () => new GeminiStreamWatch(),
  pinFields: ['thoughtSignature', 'thought_signature'],
};

/** Source: Gemini API reference, "models" (v1beta). */
function upstreamPath(call: UpstreamCall): string {
  switch (call.kind) {
    case 'generate':
      if (!call.isStreamed) return `${modelPath(call.upstreamModel)}:generateContent`;
      return `${modelPath(call.upstreamModel)}:streamGenerateContent${call.framing === 'sse' ? '?alt=sse' : ''}`;
    case 'count-tokens':
      return `${modelPath(call.upstreamModel)}:countTokens`;
    case 'embed':
      return `${modelPath(call.upstreamModel)}:${call.isBatch ? 'batchEmbedContents' : 'embedContent'}`;
    case 'stored-response':
      throw new Error(`Cannot address response "${call.responseId}": Gemini keeps no replies`);
    default:
      return call satisfies never;
  }
}

/** The name may be a resource name already: `models/x`, or `tunedModels/x`. */
function modelPath(model: string): string {
  const [, collection = 'models', name = ''] = /^(?:(models|tunedModels)\/)?(.*)$/s.exec(model) ?? [];
  return `/v1beta/${collection}/${encodeURIComponent(name)}`;
}

function readReply(reply: unknown): ReplyFacts {
  if (!isObject(reply)) return { usage: undefined, pins: [] };
  const parts = listAt(reply, 'candidates').flatMap((candidate) =>
    listAt(objectAt(candidate, 'content'), 'parts'),
  );
  return {
    usage: isObject(reply.usageMetadata) ? reply.usageMetadata : embeddingUsage(reply),
    pins: parts.map(readSignature).filter((signature) => signature !== null),
  };
}

/** Embeddings say little: some models give `statistics` with each, some nothing at all. */
function embeddingUsage(reply: JsonObject): unknown {
  const embeddings = isObject(reply.embedding) ? [reply.embedding] : listAt(reply, 'embeddings');
  const statistics = embeddings
    .map((embedding) => objectAt(embedding, 'statistics'))
    .filter((item) => 'tokenCount' in item);
  return statistics.length === 0 ? undefined : { statistics };
}
