// The neutral model that requests, replies and streams pass through when client and upstream speak different dialects.
// Types only. It is nobody's wire format: each dialect decodes into it and encodes out of it, and knows no other.

import type { UpstreamError } from './dialect.ts';
import type { Loss } from './losses.ts';
import type { ServerSentEvent } from './sse.ts';
import type { ChatSurface } from './surface.ts';
import type { Usage } from './usage.ts';

/** A conversation and how it should be continued. Absent wishes are null: the target's own default then holds. */
export interface ChatRequest {
  model: string;
  isStreamed: boolean;
  /** The system prompt: text blocks, in order. */
  system: TextBlock[];
  messages: Message[];
  tools: Tool[];
  toolChoice: ToolChoice | null;
  /** May the model call several tools in one turn? */
  allowsParallelCalls: boolean | null;
  maxOutputTokens: number | null;
  temperature: number | null;
  topP: number | null;
  topK: number | null;
  stopSequences: string[];
  seed: number | null;
  presencePenalty: number | null;
  frequencyPenalty: number | null;
  reasoning: Reasoning | null;
  outputFormat: OutputFormat | null;
  /** The client's own hint which requests share a prefix; the gateway fills in the session when the client gave none. */
  promptCacheKey: string | null;
  /** The client's id of its end user. */
  endUser: string | null;
  /** Chat Completions: a last chunk with usage was asked for. Other dialects report usage in every stream: true. */
  wantsStreamUsage: boolean;
}

/** Who speaks. `system` only for instructions in the middle of a conversation; leading ones are in `system` above. */
export type Role = 'system' | 'user' | 'assistant';

/** One turn. Neighbouring turns of one role are allowed; an encoder whose target forbids them joins them. */
export interface Message {
  role: Role;
  blocks: Block[];
}

/** End of a prefix that should be cached, and for how long. */
export interface Breakpoint {
  ttl: '5m' | '1h';
}

export type Block =
  | TextBlock
  | ImageBlock
  | DocumentBlock
  | AudioBlock
  | ThinkingBlock
  | ToolCallBlock
  | ToolResultBlock
  | RefusalBlock;

export interface TextBlock {
  kind: 'text';
  text: string;
  breakpoint: Breakpoint | null;
}
export interface ImageBlock {
  kind: 'image';
  source: MediaSource;
  /** OpenAI's `low`, `high`, `auto`. */
  detail: string | null;
  breakpoint: Breakpoint | null;
}
export interface DocumentBlock {
  kind: 'document';
  source: MediaSource | { kind: 'text'; text: string };
  /** File name or title. */
  name: string | null;
  breakpoint: Breakpoint | null;
}
export interface AudioBlock {
  kind: 'audio';
  /** `mp3`, `wav` … */
  format: string;
  data: string;
}
/** The model's reasoning. */
export interface ThinkingBlock {
  kind: 'thinking';
  text: string;
  /** Proof or encrypted form that only its own dialect can read back; null = plain text only. */
  seal: Seal | null;
}
/** The model asks for a tool. `arguments` is JSON text exactly as produced; it may be cut off when the reply was. */
export interface ToolCallBlock {
  kind: 'tool-call';
  id: string;
  name: string;
  arguments: string;
  /** Gemini signs function calls. */
  seal: Seal | null;
  breakpoint: Breakpoint | null;
}
export interface ToolResultBlock {
  kind: 'tool-result';
  callId: string;
  /** The tool's name where the dialect states it, or as found from the call with this id. */
  name: string | null;
  blocks: (TextBlock | ImageBlock | DocumentBlock)[];
  isError: boolean;
  breakpoint: Breakpoint | null;
}
export interface RefusalBlock {
  kind: 'refusal';
  text: string;
}

export type MediaSource =
  | { kind: 'base64'; mediaType: string; data: string }
  | { kind: 'url'; url: string }
  /** An id in the provider's own file store: known to one account only. */
  | { kind: 'file'; fileId: string };

/** An opaque value and the dialect that made it. `id` is the item's own id where there is one (Responses). */
export interface Seal {
  surface: ChatSurface;
  value: string;
  id: string | null;
}

export interface Tool {
  name: string;
  description: string | null;
  /** JSON Schema of the arguments, as the client wrote it. */
  parameters: { readonly [field: string]: unknown } | null;
  isStrict: boolean | null;
  breakpoint: Breakpoint | null;
  /** How the client declared it, where that is not as a function of this name: its calls go back to it in that form. */
  declaredAs?: ToolDeclaration;
}

/** A tool in its client's own terms. */
export interface ToolDeclaration {
  /** It takes plain text in place of JSON. */
  isFreeform: boolean;
  name: string;
  /** The group of tools that it is in. */
  namespace: string | null;
}

export type ToolChoice =
  | { kind: 'auto' }
  | { kind: 'none' }
  | { kind: 'required' }
  | { kind: 'tool'; name: string };

/** How much the model should think. Dialects state an effort or a budget; `isEnabled: false` asks for none. */
export interface Reasoning {
  isEnabled: boolean;
  effort: 'minimal' | 'low' | 'medium' | 'high' | null;
  budgetTokens: number | null;
  /** The client wants to see (a summary of) the reasoning. */
  isVisible: boolean;
}

export type OutputFormat =
  | { kind: 'json' }
  | {
      kind: 'json-schema';
      name: string | null;
      description: string | null;
      schema: { readonly [field: string]: unknown };
      isStrict: boolean | null;
    };

/** A whole answer. */
export interface ChatReply {
  /** The upstream's id, as it came. */
  id: string;
  /** Text, thinking, tool calls and refusals, in order. */
  blocks: Block[];
  stop: StopReason;
  /** The sequence that ended it, when `stop` is `stop-sequence` and it is known. */
  stopSequence: string | null;
  usage: Usage;
}

/** Why the model stopped. `paused`: to be continued by sending the answer back (Anthropic `pause_turn`). */
export type StopReason =
  | 'end'
  | 'max-tokens'
  | 'stop-sequence'
  | 'tool-calls'
  | 'refusal'
  | 'content-filter'
  | 'paused';

/**
 * What happens in a stream. `start` comes first and once; `finish` or `error` last and once. Blocks are numbered from 0
 * in order of their start; several may be open at a time; deltas name their block. A block is ended before `finish`.
 */
export type ChatEvent =
  | { kind: 'start'; id: string; usage: Usage }
  | { kind: 'block-start'; index: number; block: StartedBlock }
  /** More text of a text, thinking or refusal block. */
  | { kind: 'text-delta'; index: number; text: string }
  /** More JSON text of a tool call's arguments. */
  | { kind: 'arguments-delta'; index: number; json: string }
  /** The seal of a thinking or tool-call block, whole. */
  | { kind: 'seal'; index: number; seal: Seal }
  | { kind: 'block-end'; index: number }
  | { kind: 'finish'; stop: StopReason; stopSequence: string | null; usage: Usage }
  | { kind: 'error'; error: UpstreamError };

export type StartedBlock =
  | { kind: 'text' }
  | { kind: 'thinking' }
  | { kind: 'refusal' }
  | { kind: 'tool-call'; id: string; name: string };

/** What an encoder of replies needs beside the reply. */
export interface ReplyContext {
  /** The model by the name the client asked for. */
  model: string;
  createdAtMs: number;
  /** The request that is answered: some dialects echo parts of it (Responses) or shape the reply by it (usage chunk). */
  request: ChatRequest;
}

/** Upstream events into neutral ones. Never throws: an event that cannot be read is left out. */
export interface StreamDecoder {
  decode(event: ServerSentEvent): ChatEvent[];
  /** The upstream's bytes have ended: whatever is still to be said. Empty when `finish` or `error` has been given. */
  end(): ChatEvent[];
}

/** Neutral events into the client's. After `finish` it has given the dialect's own terminal events. */
export interface StreamEncoder {
  encode(event: ChatEvent): ServerSentEvent[];
}

/** One dialect's way into and out of the neutral model. All functions are pure and deterministic. */
export interface ChatCodec {
  surface: ChatSurface;
  /**
   * Reads a request. What the neutral model has no place for is noted as a loss, which may refuse the request. Throws
   * WireError (`invalid-field`, with the JSON path) when a field is not what the dialect says it must be.
   */
  decodeRequest(body: unknown, context: { model: string; isStreamed: boolean; lose: Lose }): ChatRequest;
  /** The JSON value to send, with its fields always in the same order: the same conversation gives the same bytes. */
  encodeRequest(request: ChatRequest, lose: Lose): unknown;
  /** Throws WireError (`invalid-field`) when it is not a reply of this dialect. */
  decodeReply(reply: unknown): ChatReply;
  encodeReply(reply: ChatReply, context: ReplyContext): unknown;
  streamDecoder(): StreamDecoder;
  streamEncoder(context: ReplyContext): StreamEncoder;
}

/** Notes that something is lost; throws WireError (`cannot-translate`) when the table says to refuse it. `path` is where. */
export type Lose = (loss: Loss, path: string) => void;
