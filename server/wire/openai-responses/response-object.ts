// The response object and its output items, as replies and streams give them to a client.

import type { ChatRequest, ReplyContext, Seal, StopReason } from '../chat.ts';
import { declarationOf, freeformInput } from '../declared-tools.ts';
import type { Usage } from '../usage.ts';
import { itemId, responseId } from './ids.ts';
import { encodeFormat } from './output-format.ts';
import { echoToolChoice, echoTools } from './tools.ts';
import { encodeUsage } from './usage.ts';

export type ItemStatus = 'in_progress' | 'completed' | 'incomplete';

export type OutputPart =
  | { type: 'output_text'; text: string; annotations: []; logprobs: [] }
  | { type: 'refusal'; refusal: string };

export interface MessageItem {
  id: string;
  type: 'message';
  status: ItemStatus;
  role: 'assistant';
  content: OutputPart[];
}

export interface ReasoningItem {
  id: string;
  type: 'reasoning';
  summary: { type: 'summary_text'; text: string }[];
  encrypted_content?: string;
}

export type CallItem = {
  id: string;
  status: ItemStatus;
  call_id: string;
  name: string;
  namespace?: string;
} & ({ type: 'function_call'; arguments: string } | { type: 'custom_tool_call'; input: string });

export type OutputItem = MessageItem | ReasoningItem | CallItem;

/** How a response ends: `response.completed` and so on are named after it. */
export type ResponseStatus = 'in_progress' | 'completed' | 'incomplete' | 'failed';

export interface ResponseState {
  /** The upstream's id of the reply. */
  replyId: string;
  status: ResponseStatus;
  incompleteReason: string | null;
  error: { code: string; message: string } | null;
  output: readonly OutputItem[];
  usage: Usage | null;
}

/** The whole object. Settings of the request are echoed; those that were not stated by their defaults. */
export function responseObject({ model, createdAtMs, request }: ReplyContext, state: ResponseState): unknown {
  return {
    id: responseId(state.replyId),
    object: 'response',
    created_at: Math.floor(createdAtMs / 1000),
    status: state.status,
    background: false,
    error: state.error,
    incomplete_details: state.incompleteReason === null ? null : { reason: state.incompleteReason },
    instructions: request.system.length === 0 ? null : request.system.map((block) => block.text).join('\n\n'),
    max_output_tokens: request.maxOutputTokens,
    max_tool_calls: null,
    metadata: {},
    model,
    output: state.output,
    parallel_tool_calls: request.allowsParallelCalls ?? true,
    previous_response_id: null,
    prompt_cache_key: request.promptCacheKey,
    reasoning: echoReasoning(request),
    safety_identifier: request.endUser,
    service_tier: 'default',
    store: false,
    temperature: request.temperature,
    text: { format: encodeFormat(request.outputFormat) },
    tool_choice: echoToolChoice(request),
    tools: echoTools(request.tools),
    top_logprobs: 0,
    top_p: request.topP,
    truncation: 'disabled',
    usage: state.usage === null ? null : encodeUsage(state.usage),
    user: null,
    access_programs: null,
  };
}

function echoReasoning({ reasoning }: ChatRequest): unknown {
  if (reasoning === null) return { effort: null, summary: null };
  return {
    effort: reasoning.isEnabled ? reasoning.effort : 'none',
    summary: reasoning.isVisible ? 'auto' : null,
  };
}

/** The state that a reply with this stop reason is in. A refusal in words is a whole answer; one without is a cut. */
export function endOf(
  stop: StopReason,
  hasRefusal: boolean,
): { status: 'completed' | 'incomplete'; incompleteReason: string | null } {
  if (stop === 'max-tokens') return { status: 'incomplete', incompleteReason: 'max_output_tokens' };
  if (stop === 'content-filter' || (stop === 'refusal' && !hasRefusal)) {
    return { status: 'incomplete', incompleteReason: 'content_filter' };
  }
  return { status: 'completed', incompleteReason: null };
}

export function messageItem(replyId: string, index: number): MessageItem {
  return {
    id: itemId('msg', replyId, index),
    type: 'message',
    status: 'in_progress',
    role: 'assistant',
    content: [],
  };
}

export function outputPart(kind: 'text' | 'refusal', text: string): OutputPart {
  return kind === 'text'
    ? { type: 'output_text', text, annotations: [], logprobs: [] }
    : { type: 'refusal', refusal: text };
}

export function reasoningItem(replyId: string, index: number): ReasoningItem {
  return { id: itemId('rs', replyId, index), type: 'reasoning', summary: [] };
}

/** Puts the text and the seal of a thinking block into its item; the seal only where this dialect made it. */
export function sealReasoning(
  item: ReasoningItem,
  { text, seal }: { text: string; seal: Seal | null },
): void {
  if (text !== '') item.summary = [{ type: 'summary_text', text }];
  if (seal?.surface !== 'openai-responses') return;
  item.encrypted_content = seal.value;
}

/** A call, in the form in which the client declared its tool; its arguments are still to come. */
export function callItem(
  request: ChatRequest,
  { replyId, index, id, name: calledName }: { replyId: string; index: number; id: string; name: string },
): CallItem {
  const { isFreeform, name, namespace } = declarationOf(request, calledName);
  const common = {
    status: 'in_progress' as const,
    call_id: id,
    name,
    ...(namespace === null ? {} : { namespace }),
  };
  return isFreeform
    ? { id: itemId('ctc', replyId, index), type: 'custom_tool_call', ...common, input: '' }
    : { id: itemId('fc', replyId, index), type: 'function_call', ...common, arguments: '' };
}

/** Gives a call its whole arguments; a call without any has an empty object. */
export function endCall(item: CallItem, argumentsJson: string): void {
  item.status = 'completed';
  if (item.type === 'function_call') item.arguments = argumentsJson === '' ? '{}' : argumentsJson;
  else item.input = freeformInput(argumentsJson);
}
