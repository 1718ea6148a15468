// Writes the neutral request as a body of generateContent, always with its fields in the same order.

import type { Block, ChatRequest, Lose, Message, Tool, ToolCallBlock, ToolResultBlock } from '../chat.ts';
import { safeId } from '../ids.ts';
import { isObject, type JsonObject, parseJson } from '../json.ts';
import { encodeAudio, encodeMedia } from './media.ts';
import { isBeforeGemini3, takesPenalties } from './models.ts';
import { STAND_IN_SIGNATURE } from './part.ts';
import { withoutConst } from './schema.ts';
import { encodeThinking } from './thinking.ts';

interface Content {
  role: 'user' | 'model';
  parts: JsonObject[];
}

/**
 * The model's name is not in it: Gemini takes it from the path. Hints for the prompt cache are left out without a note:
 * Gemini caches prefixes by itself.
 */
export function encodeRequest(request: ChatRequest, lose: Lose): JsonObject {
  noteRequest(request, lose);
  const config = encodeConfig(request, lose);
  const system = request.system.filter(({ text }) => text !== '').map(({ text }) => ({ text }));
  const mode = encodeToolChoice(request);
  return {
    ...(system.length > 0 && { systemInstruction: { parts: system } }),
    ...(request.tools.length > 0 && { tools: [{ functionDeclarations: request.tools.map(encodeTool) }] }),
    ...(mode !== null && { toolConfig: { functionCallingConfig: mode } }),
    ...(Object.keys(config).length > 0 && { generationConfig: config }),
    contents: new ContentsEncoder(request.model, lose).encode(request.messages),
  };
}

function noteRequest(request: ChatRequest, lose: Lose): void {
  if (request.allowsParallelCalls === false) lose('parallel-call-choice', 'allowsParallelCalls');
  const asksPenalty = request.presencePenalty !== null || request.frequencyPenalty !== null;
  if (asksPenalty && !takesPenalties(request.model)) lose('penalty', 'presencePenalty');
  if (request.endUser !== null) lose('metadata', 'endUser');
  if (request.tools.some(({ isStrict }) => isStrict === true)) lose('tool-strictness', 'tools');
  const marked = [...request.system, ...request.tools, ...request.messages.flatMap(({ blocks }) => blocks)];
  if (marked.some((item) => 'breakpoint' in item && item.breakpoint !== null))
    lose('cache-breakpoint', 'messages');
  const { outputFormat } = request;
  if (outputFormat?.kind === 'json-schema' && outputFormat.description !== null)
    lose('metadata', 'outputFormat.description');
}

/**
 * `parametersJsonSchema` takes JSON Schema as the client wrote it; `parameters` would need it rewritten into a part of
 * OpenAPI. Source: Gemini API reference (v1beta), "FunctionDeclaration": the two fields exclude each other.
 */
function encodeTool({ name, description, parameters }: Tool): JsonObject {
  return {
    name,
    ...(description !== null && { description }),
    ...(parameters !== null && { parametersJsonSchema: parameters }),
  };
}

function encodeToolChoice({ toolChoice }: ChatRequest): JsonObject | null {
  switch (toolChoice?.kind) {
    case undefined:
      return null;
    case 'auto':
      return { mode: 'AUTO' };
    case 'none':
      return { mode: 'NONE' };
    case 'required':
      return { mode: 'ANY' };
    case 'tool':
      return { mode: 'ANY', allowedFunctionNames: [toolChoice.name] };
    default:
      return toolChoice satisfies never;
  }
}

function encodeConfig(request: ChatRequest, lose: Lose): JsonObject {
  const { outputFormat } = request;
  const hasPenalties = takesPenalties(request.model);
  const thinking = encodeThinking(request.reasoning, request.model, lose);
  return {
    ...(request.maxOutputTokens !== null && { maxOutputTokens: request.maxOutputTokens }),
    ...(request.temperature !== null && { temperature: request.temperature }),
    ...(request.topP !== null && { topP: request.topP }),
    ...(request.topK !== null && { topK: request.topK }),
    ...(request.stopSequences.length > 0 && { stopSequences: request.stopSequences }),
    ...(request.seed !== null && { seed: request.seed }),
    ...(hasPenalties && request.presencePenalty !== null && { presencePenalty: request.presencePenalty }),
    ...(hasPenalties && request.frequencyPenalty !== null && { frequencyPenalty: request.frequencyPenalty }),
    ...(outputFormat !== null && { responseMimeType: 'application/json' }),
    ...(outputFormat?.kind === 'json-schema' && { responseJsonSchema: withoutConst(outputFormat.schema) }),
    ...(thinking !== null && { thinkingConfig: thinking }),
  };
}

/** Owns the names of the calls met so far: Gemini wants each result to carry its function's name. */
class ContentsEncoder {
  readonly #lose: Lose;
  /** From Gemini 3 on, results of functions may hold images; before, these follow as parts of their own. */
  readonly #takesMediaInResults: boolean;
  readonly #names = new Map<string, string>();

  constructor(model: string, lose: Lose) {
    this.#lose = lose;
    this.#takesMediaInResults = !isBeforeGemini3(model);
  }

  encode(messages: readonly Message[]): Content[] {
    const contents: Content[] = [];
    for (const [index, message] of messages.entries()) {
      const parts = this.#parts(message, `messages[${index}]`);
      if (parts.length === 0) continue;
      const role = message.role === 'assistant' ? 'model' : 'user';
      if (message.role === 'system') this.#lose('system-turn', `messages[${index}]`);
      const last = contents.at(-1);
      if (last?.role === role) last.parts.push(...parts);
      else contents.push({ role, parts });
    }
    for (const content of contents) if (content.role === 'model') signFirstCall(content);
    return contents;
  }

  /** Results come first in a turn: they must follow the turn of their calls at once. */
  #parts(message: Message, path: string): JsonObject[] {
    const results: JsonObject[] = [];
    const others: JsonObject[] = [];
    for (const [index, block] of message.blocks.entries()) {
      const at = `${path}.blocks[${index}]`;
      if (block.kind === 'tool-result') this.#result(block, { path: at, results, others });
      else this.#block(block, at, others);
    }
    return [...results, ...others];
  }

  #block(block: Exclude<Block, ToolResultBlock>, path: string, parts: JsonObject[]): void {
    switch (block.kind) {
      case 'text':
      case 'refusal':
        if (block.text !== '') parts.push({ text: block.text });
        return;
      case 'image':
      case 'document':
        pushPart(parts, encodeMedia(block, { path, lose: this.#lose }));
        return;
      case 'audio':
        parts.push(encodeAudio(block));
        return;
      case 'thinking':
        this.#thinking(block, path, parts);
        return;
      case 'tool-call':
        pushPart(parts, this.#call(block, path));
        return;
      default:
        block satisfies never;
    }
  }

  #thinking({ text, seal }: Extract<Block, { kind: 'thinking' }>, path: string, parts: JsonObject[]): void {
    if (seal !== null && seal.surface !== 'gemini') {
      const isUnreadable = text === '';
      const kind = seal.surface === 'anthropic-messages' ? 'redacted-thinking' : 'encrypted-reasoning';
      this.#lose(isUnreadable ? kind : 'thinking-signature', path);
    }
    const signature = seal?.surface === 'gemini' ? { thoughtSignature: seal.value } : null;
    if (text !== '') parts.push({ text, thought: true, ...signature });
    else if (signature !== null) signLastText(parts, signature);
  }

  #call(block: ToolCallBlock, path: string): JsonObject | null {
    const args = block.arguments.trim() === '' ? {} : parseJson(block.arguments);
    if (!isObject(args)) {
      this.#lose('broken-arguments', `${path}.arguments`);
      return null;
    }
    this.#names.set(block.id, block.name);
    const { seal } = block;
    if (seal !== null && seal.surface !== 'gemini') this.#lose('thinking-signature', path);
    return {
      functionCall: { id: safeId(block.id), name: block.name, args },
      ...(seal?.surface === 'gemini' && { thoughtSignature: seal.value }),
    };
  }

  #result(
    block: ToolResultBlock,
    { path, results, others }: { path: string; results: JsonObject[]; others: JsonObject[] },
  ): void {
    const texts: string[] = [];
    const media: JsonObject[] = [];
    for (const [index, inner] of block.blocks.entries()) {
      if (inner.kind === 'text') texts.push(inner.text);
      else pushPart(media, encodeMedia(inner, { path: `${path}.blocks[${index}]`, lose: this.#lose }));
    }
    const inside = this.#takesMediaInResults ? media.filter((part) => 'inlineData' in part) : [];
    others.push(...media.filter((part) => !inside.includes(part)));
    const text = texts.join('\n');
    results.push({
      functionResponse: {
        id: safeId(block.callId),
        name: block.name ?? this.#names.get(block.callId) ?? block.callId,
        response: block.isError ? { error: text } : { output: text },
        ...(inside.length > 0 && { parts: inside }),
      },
    });
  }
}

function pushPart(parts: JsonObject[], part: JsonObject | null): void {
  if (part !== null) parts.push(part);
}

/** A signature without a text of its own belongs to the text before it, if there is one that has none yet. */
function signLastText(parts: JsonObject[], signature: JsonObject): void {
  const last = parts.at(-1);
  if (last !== undefined && 'text' in last && Object.keys(last).length === 1)
    parts[parts.length - 1] = { ...last, ...signature };
  else parts.push({ text: '', ...signature });
}

function signFirstCall(content: Content): void {
  const at = content.parts.findIndex((part) => 'functionCall' in part);
  const part = content.parts[at];
  if (part !== undefined && !('thoughtSignature' in part))
    content.parts[at] = { ...part, thoughtSignature: STAND_IN_SIGNATURE };
}
