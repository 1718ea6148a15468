// Requests and contexts that the tests of the Responses API share.

import type { ChatRequest, ReplyContext } from '../../../server/wire/chat.ts';

/** A request that wishes for nothing. */
export function emptyRequest(model: string): ChatRequest {
  return {
    model,
    isStreamed: false,
    system: [],
    messages: [],
    tools: [],
    toolChoice: null,
    allowsParallelCalls: null,
    maxOutputTokens: null,
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

export function contextOf(request: ChatRequest): ReplyContext {
  return { model: 'gpt-4.1', createdAtMs: 1_741_476_542_999, request };
}
