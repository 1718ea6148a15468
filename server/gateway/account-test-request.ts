// What an account is tested with: which model at which endpoint, and the request in that endpoint's own words. Pure.

import type { ChatRequest } from '../wire/chat.ts';
import { codecOf, dialectOf } from '../wire/dialects.ts';
import {
  CHAT_SURFACES,
  type ChatSurface,
  isChatSurface,
  type Operation,
  type Surface,
} from '../wire/surface.ts';
import type { Candidate, Catalog } from './catalog.ts';

export interface AccountTestRequest {
  operation: Operation;
  /** By the dialect. */
  path: string;
  body: Uint8Array<ArrayBuffer>;
  isStreamed: boolean;
}

/** Why an account cannot be tested, in words. */
export const UNTESTABLE = {
  'provider-without-model': 'its provider has no model',
  'model-not-mapped': 'its provider does not have this model',
  'provider-without-endpoint': 'its provider has no endpoint',
  'credential-for-other-hosts':
    'its credential was given for other hosts than those of the endpoints: give it anew',
} as const;
export type Untestable = keyof typeof UNTESTABLE;

/** The account's way to the model, or to the first one that its provider has; paused, disabled and resting accounts too. */
export function testCandidate(
  catalog: Catalog,
  { accountId, modelId }: { accountId: string; modelId: string | null },
): { candidate: Candidate } | { candidate: null; reason: Untestable } {
  const providerId = catalog.accounts.get(accountId)?.providerId;
  const ofProvider = catalog.rows.mappings.filter((row) => row.providerId === providerId);
  const mappings = ofProvider.filter((row) => modelId === null || row.modelId === modelId);
  const candidates = mappings.flatMap((mapping) =>
    surfacesFor(mapping.upstreamModel).flatMap((surface) =>
      catalog.candidates(mapping.modelId, surface).filter(({ account }) => account.id === accountId),
    ),
  );
  const [candidate] = candidates;
  if (candidate) return { candidate };
  if (ofProvider.length === 0) return { candidate: null, reason: 'provider-without-model' };
  if (mappings.length === 0) return { candidate: null, reason: 'model-not-mapped' };
  const hasEndpoint = catalog.rows.endpoints.some((row) => row.providerId === providerId);
  return {
    candidate: null,
    reason: hasEndpoint ? 'credential-for-other-hosts' : 'provider-without-endpoint',
  };
}

/** Only its name tells that a model makes embeddings. */
function surfacesFor(upstreamModel: string): readonly Surface[] {
  return /embed/i.test(upstreamModel)
    ? ['openai-embeddings', ...CHAT_SURFACES]
    : [...CHAT_SURFACES, 'openai-embeddings'];
}

export function testRequest({ endpoint, upstreamModel }: Candidate): AccountTestRequest {
  const { surface } = endpoint;
  return isChatSurface(surface) ? chat(surface, upstreamModel) : embedding(upstreamModel);
}

/** One token is enough to see an answer. OpenAI refuses such a limit where reasoning counts against it: 16 is its least. */
const MAX_OUTPUT_TOKENS: Readonly<Record<ChatSurface, number>> = {
  'anthropic-messages': 1,
  'openai-chat': 16,
  'openai-responses': 16,
  gemini: 1,
};

/** Streamed, because the time to the first token is asked for, and a few servers do nothing else. */
function chat(surface: ChatSurface, upstreamModel: string): AccountTestRequest {
  const wire = codecOf(surface).encodeRequest(ping(surface, upstreamModel), () => undefined);
  return {
    operation: { kind: 'generate', surface, inPath: null, framing: 'sse' },
    path: dialectOf(surface).upstreamPath({
      kind: 'generate',
      upstreamModel,
      isStreamed: true,
      framing: 'sse',
    }),
    body: bytesOf(wire),
    isStreamed: true,
  };
}

function ping(surface: ChatSurface, model: string): ChatRequest {
  return {
    model,
    isStreamed: true,
    system: [],
    messages: [{ role: 'user', blocks: [{ kind: 'text', text: 'ping', breakpoint: null }] }],
    tools: [],
    toolChoice: null,
    allowsParallelCalls: null,
    maxOutputTokens: MAX_OUTPUT_TOKENS[surface],
    temperature: null,
    topP: null,
    topK: null,
    stopSequences: [],
    seed: null,
    presencePenalty: null,
    frequencyPenalty: null,
    reasoning: null,
    outputFormat: null,
    promptCacheKey: null,
    endUser: null,
    wantsStreamUsage: true,
  };
}

function embedding(upstreamModel: string): AccountTestRequest {
  const surface = 'openai-embeddings';
  return {
    operation: { kind: 'embed', surface, inPath: null, isBatch: false },
    path: dialectOf(surface).upstreamPath({ kind: 'embed', upstreamModel, isBatch: false }),
    body: bytesOf({ model: upstreamModel, input: 'ping' }),
    isStreamed: false,
  };
}

function bytesOf(json: unknown): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(JSON.stringify(json));
}
