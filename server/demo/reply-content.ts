// Decides what a demo reply says: text, a tool call, and whether it was cut off. Deterministic and pure.

import { isObject, type JsonObject } from '../wire/json.ts';
import { estimateTokens } from './prefix-hash.ts';
import { Random } from './random.ts';
import { writeText } from './text.ts';

export interface ToolOffer {
  name: string;
  /** JSON schema of the arguments. */
  inputSchema: unknown;
}

export type ToolChoice = 'none' | 'auto' | 'required' | { name: string };

export interface ReplyContent {
  text: string;
  toolCall: { id: string; name: string; inputJson: string } | null;
  outputTokens: number;
  /** Ended by the caller's token limit. */
  isTruncated: boolean;
  /** Seeds how the reply is cut into pieces. */
  seed: number;
}

/** The tool to call: the one the caller insists on, or the one that the last user text asks for in words. */
export function askedTool(
  offers: readonly ToolOffer[],
  { choice, lastUserText }: { choice: ToolChoice; lastUserText: string },
): ToolOffer | null {
  if (choice === 'none') return null;
  if (choice === 'required') return offers[0] ?? null;
  if (choice !== 'auto') return offers.find((offer) => offer.name === choice.name) ?? null;
  if (!/\b(use|call|run|invoke)\b/i.test(lastUserText)) return null;
  const words = new Set(lastUserText.split(/[^\w-]+/));
  const named = offers.find((offer) => words.has(offer.name));
  return named ?? (words.has('tool') ? (offers[0] ?? null) : null);
}

export function decideReply(
  request: { digest: number; maxTokens: number | null; tool: ToolOffer | null },
  { seed, tokens: [minTokens, maxTokens] }: { seed: number; tokens: readonly [min: number, max: number] },
): ReplyContent {
  const random = new Random((request.digest ^ (request.digest / 0x1_0000_0000)) + seed);
  const limit = request.maxTokens ?? Number.POSITIVE_INFINITY;
  const call = request.tool ? callTool(request.tool, random) : null;
  if (call && call.outputTokens <= limit) return call;
  const wantedTokens = random.int(minTokens, maxTokens);
  const outputTokens = Math.min(wantedTokens, limit);
  return {
    text: writeText(random, outputTokens),
    toolCall: null,
    outputTokens,
    isTruncated: wantedTokens > limit,
    seed: random.int(0, 0x7fff_ffff),
  };
}

function callTool({ name, inputSchema }: ToolOffer, random: Random): ReplyContent {
  const text = `I will call ${name} to find out.`;
  const inputJson = JSON.stringify(sampleOf(inputSchema));
  return {
    text,
    toolCall: { id: random.base62(22), name, inputJson },
    outputTokens: estimateTokens(text) + estimateTokens(name) + estimateTokens(inputJson),
    isTruncated: false,
    seed: random.int(0, 0x7fff_ffff),
  };
}

/** Deep enough for any real tool; a schema that nests further gets empty objects. */
const MAX_SCHEMA_DEPTH = 6;

/** A value that satisfies the common part of JSON schema: enums, constants, required properties. */
function sampleOf(schema: unknown, depth = 0): unknown {
  if (!isObject(schema) || depth > MAX_SCHEMA_DEPTH) return {};
  if ('const' in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0] ?? null;
  switch (schema.type) {
    case 'string':
      return 'demo';
    case 'number':
    case 'integer':
      return typeof schema.minimum === 'number' ? schema.minimum : 1;
    case 'boolean':
      return true;
    case 'array':
      return [];
    case 'null':
      return null;
    default:
      return sampleProperties(schema, depth);
  }
}

function sampleProperties(schema: JsonObject, depth: number): JsonObject {
  const properties = isObject(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name], depth + 1)]));
}
