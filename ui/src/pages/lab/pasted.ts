// What was pasted as a request: its JSON, or the curl command that would send it. Pure.

import type { SURFACES } from '../../lib/request-filter.ts';
import { shellWords } from './shell-words.ts';

export type Surface = (typeof SURFACES)[number];

/** What it says of itself; null = nothing. */
export interface PastedRequest {
  kind: 'json' | 'curl';
  body: string;
  surface: Surface | null;
  model: string | null;
  sessionId: string | null;
  betas: string | null;
}

export type Problem = 'notJson' | 'notObject' | 'unfinished' | 'noBody' | 'file';
export type Pasted = PastedRequest | { kind: 'empty' } | { kind: 'wrong'; problem: Problem };

/** `surface`: the one chosen now, which counts where the JSON could be of several. */
export function readPasted(text: string, surface: Surface): Pasted {
  const written = text.trim();
  if (written === '') return { kind: 'empty' };
  return /^(\$ )?curl(\.exe)?\s/.test(written) ? readCurl(written, surface) : readJson(text, surface);
}

function readJson(body: string, surface: Surface): Pasted {
  const request = parsed(body);
  if (request === undefined) return { kind: 'wrong', problem: 'notJson' };
  if (!isRecord(request)) return { kind: 'wrong', problem: 'notObject' };
  const model = typeof request.model === 'string' && request.model !== '' ? request.model : null;
  return {
    kind: 'json',
    body,
    surface: surfaceOfBody(request, surface),
    model,
    sessionId: null,
    betas: null,
  };
}

function readCurl(command: string, chosen: Surface): Pasted {
  const words = shellWords(command);
  if (words === null) return { kind: 'wrong', problem: 'unfinished' };
  const { url, headers, data } = readArguments(words);
  if (data === null) return { kind: 'wrong', problem: 'noBody' };
  if (data.startsWith('@')) return { kind: 'wrong', problem: 'file' };
  const path = placeOf(url);
  const read = readJson(data, path.surface ?? chosen);
  if (read.kind !== 'json') return read;
  const session = headers.find(([name]) => SESSION_HEADER.test(name));
  const betas = headers.find(([name]) => name === 'anthropic-beta');
  return {
    ...read,
    kind: 'curl',
    surface: path.surface ?? read.surface,
    model: path.model ?? read.model,
    sessionId: session?.[1] ?? null,
    betas: betas?.[1] ?? null,
  };
}

const CURL = /^curl(\.exe)?$/;

/** Headers by which clients name their session. */
const SESSION_HEADER = /(^|-)session([-_]id|-affinity)?$|^thread[-_]id$|^ah-trace-id$/;

const DATA_OPTIONS = new Set(['-d', '--data', '--data-raw', '--data-binary', '--data-ascii', '--json']);
const OTHER_OPTIONS = new Set(
  '-X --request -u --user -A --user-agent -o --output -m --max-time -b --cookie -e --referer -x --proxy'.split(
    ' ',
  ),
);

function readArguments(words: readonly string[]) {
  const headers: [name: string, value: string][] = [];
  let url: string | null = null;
  let data: string | null = null;
  for (let at = words.findIndex((word) => CURL.test(word)) + 1; at < words.length; at += 1) {
    // The value of a short option may follow at once: -XPOST.
    const [, short, attached] = /^(-[dHXuAombex])([\s\S]+)$/.exec(words[at] ?? '') ?? [];
    const option = short ?? words[at] ?? '';
    const value = () => attached ?? words[++at] ?? '';
    if (DATA_OPTIONS.has(option)) data = (data === null ? '' : `${data}&`) + value();
    else if (option === '-H' || option === '--header') headers.push(headerOf(value()));
    else if (option === '--url') url = value();
    else if (OTHER_OPTIONS.has(option)) value();
    else if (!option.startsWith('-')) url ??= option;
  }
  return { url, headers, data };
}

function headerOf(text: string): [name: string, value: string] {
  const [, name = '', value = ''] = /^([^:]*):\s*([\s\S]*)$/.exec(text) ?? [];
  return [name.trim().toLowerCase(), value.trim()];
}

const PATHS: readonly [RegExp, Surface][] = [
  [/\/messages(\/count_tokens)?$/, 'ANTHROPIC_MESSAGES'],
  [/\/chat\/completions$/, 'OPENAI_CHAT'],
  [/\/responses$/, 'OPENAI_RESPONSES'],
  [/\/embeddings$/, 'OPENAI_EMBEDDINGS'],
  [/\/models\/[^/]+:\w+$/, 'GEMINI'],
];

function placeOf(url: string | null): { surface: Surface | null; model: string | null } {
  const path = (url ?? '').replace(/[?#][\s\S]*$/, '');
  const surface = PATHS.find(([pattern]) => pattern.test(path))?.[1] ?? null;
  const named = surface === 'GEMINI' ? /\/models\/([^/]+):\w+$/.exec(path)?.[1] : undefined;
  return { surface, model: named === undefined ? null : decoded(named) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The dialect that JSON is written in; null when it could be of any. */
function surfaceOfBody(request: Record<string, unknown>, chosen: Surface): Surface | null {
  if ('contents' in request) return 'GEMINI';
  if ('messages' in request) {
    if (isOfChat(request)) return 'OPENAI_CHAT';
    if ('system' in request || 'thinking' in request) return 'ANTHROPIC_MESSAGES';
    return chosen === 'OPENAI_CHAT' ? chosen : 'ANTHROPIC_MESSAGES';
  }
  if (!('input' in request)) return null;
  const isEmbedding = chosen === 'OPENAI_EMBEDDINGS' || /embed/i.test(String(request.model));
  return isEmbedding && !('instructions' in request) ? 'OPENAI_EMBEDDINGS' : 'OPENAI_RESPONSES';
}

const CHAT_FIELDS = ['max_completion_tokens', 'response_format', 'stream_options', 'frequency_penalty', 'n'];
const CHAT_ROLES = new Set<unknown>(['system', 'developer', 'tool', 'function']);

function isOfChat(request: Record<string, unknown>): boolean {
  const messages: unknown[] = Array.isArray(request.messages) ? request.messages : [];
  return (
    CHAT_FIELDS.some((field) => field in request) ||
    messages.some((message) => isRecord(message) && CHAT_ROLES.has(message.role))
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
