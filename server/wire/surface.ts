// The client-facing API dialects and which path asks for what. Pure: no fetch, clock or storage.

/** One client-facing API dialect. */
export const SURFACES = [
  'anthropic-messages',
  'openai-chat',
  'openai-responses',
  'openai-embeddings',
  'gemini',
] as const;
export type Surface = (typeof SURFACES)[number];

/** The surfaces on which models talk; requests translate between any two of them. */
export const CHAT_SURFACES = [
  'anthropic-messages',
  'openai-chat',
  'openai-responses',
  'gemini',
] as const satisfies readonly Surface[];
export type ChatSurface = (typeof CHAT_SURFACES)[number];

export function isChatSurface(surface: Surface): surface is ChatSurface {
  return surface !== 'openai-embeddings';
}

/** How the pieces of a streamed reply follow each other: as server-sent events, or as one growing JSON array (Gemini). */
export type Framing = 'sse' | 'json-array';

/** What Gemini says in the path, where the other dialects say it in the body. */
export interface PathCall {
  model: string;
  isStreamed: boolean;
}

/** What a data-plane path asks for. `unavailable`: a known operation that is not served. */
export type Operation =
  | { kind: 'generate'; surface: ChatSurface; inPath: PathCall | null; framing: Framing }
  | { kind: 'count-tokens'; surface: 'anthropic-messages' | 'gemini'; inPath: PathCall | null }
  | { kind: 'embed'; surface: 'openai-embeddings' | 'gemini'; inPath: PathCall | null; isBatch: boolean }
  /** A reply that the provider keeps: read, cancelled or deleted by its id. `rest` is what follows the id. */
  | { kind: 'stored-response'; surface: 'openai-responses'; responseId: string; rest: string }
  /** All models, or the one named. */
  | { kind: 'list-models'; surface: Surface; model: string | null }
  | { kind: 'unavailable'; surface: Surface };

/** What one attempt asks of an upstream; the dialect turns it into a path. */
export type UpstreamCall =
  | { kind: 'generate'; upstreamModel: string; isStreamed: boolean; framing: Framing }
  | { kind: 'count-tokens'; upstreamModel: string }
  | { kind: 'embed'; upstreamModel: string; isBatch: boolean }
  | { kind: 'stored-response'; responseId: string; rest: string };

const POST_OPERATIONS: Readonly<Record<string, Operation>> = {
  '/v1/messages': generate('anthropic-messages'),
  '/v1/messages/count_tokens': { kind: 'count-tokens', surface: 'anthropic-messages', inPath: null },
  '/v1/chat/completions': generate('openai-chat'),
  '/v1/responses': generate('openai-responses'),
  '/v1/embeddings': { kind: 'embed', surface: 'openai-embeddings', inPath: null, isBatch: false },
};

/** Path prefixes of a dialect, most specific first; whatever is not an operation is refused in this shape. */
const DIALECTS: readonly { path: RegExp; surface: Surface }[] = [
  { path: /^\/v1beta\//, surface: 'gemini' },
  { path: /^\/v1\/models\/[^/]+:[a-zA-Z]+$/, surface: 'gemini' },
  { path: /^\/v1\/messages(\/|$)/, surface: 'anthropic-messages' },
  { path: /^\/v1\/responses(\/|$)/, surface: 'openai-responses' },
  { path: /^\/v1\/embeddings$/, surface: 'openai-embeddings' },
  { path: /^\/v1(\/|$)/, surface: 'openai-chat' },
];

/** The operation behind a data-plane URL, or null when the path is not of the data plane (panel, admin, health). */
export function matchOperation(
  method: string,
  { path: asked, query }: { path: string; query: string },
  headers: Headers,
): Operation | null {
  const exact = method === 'POST' ? POST_OPERATIONS[asked] : undefined;
  if (exact) return exact;
  const path = kindPath(asked, headers);
  const dialect = DIALECTS.find((row) => row.path.test(path));
  if (!dialect) return null;
  const served = servedOperation(method, { path, query }, headers);
  if (served) return served;
  // Paths such as /v1/files are Anthropic's as well as OpenAI's; the refusal is in the shape that the SDK can read.
  const isAnthropic = dialect.surface === 'openai-chat' && headers.has('anthropic-version');
  return { kind: 'unavailable', surface: isAnthropic ? 'anthropic-messages' : dialect.surface };
}

function servedOperation(
  method: string,
  { path, query }: { path: string; query: string },
  headers: Headers,
): Operation | null {
  if (method === 'POST' && POST_OPERATIONS[path]) return POST_OPERATIONS[path];
  const gemini = method === 'POST' ? /^\/v1(?:beta)?\/models\/([^/]+):([a-zA-Z]+)$/.exec(path) : null;
  if (gemini) return geminiOperation(unescaped(gemini[1] ?? ''), gemini[2] ?? '', query);
  const models = method === 'GET' ? /^\/v1(beta)?\/models(?:\/(.+))?$/.exec(path) : null;
  if (models) {
    const surface = models[1] ? 'gemini' : modelListSurface(headers);
    return { kind: 'list-models', surface, model: models[2] === undefined ? null : unescaped(models[2]) };
  }
  const stored = /^\/v1\/responses\/([A-Za-z0-9_-]{1,200})(\/cancel|\/input_items)?$/.exec(path);
  const isStored = stored && (method === 'GET' || method === 'DELETE' || stored[2] === '/cancel');
  return isStored
    ? {
        kind: 'stored-response',
        surface: 'openai-responses',
        responseId: stored[1] ?? '',
        rest: stored[2] ?? '',
      }
    : null;
}

function generate(surface: ChatSurface): Operation {
  return { kind: 'generate', surface, inPath: null, framing: 'sse' };
}

function geminiOperation(model: string, method: string, query: string): Operation | null {
  const surface = 'gemini';
  const inPath = { model, isStreamed: method === 'streamGenerateContent' };
  switch (method) {
    case 'generateContent':
      return { kind: 'generate', surface, inPath, framing: 'sse' };
    case 'streamGenerateContent':
      return {
        kind: 'generate',
        surface,
        inPath,
        framing: /[?&]alt=sse(&|$)/.test(query) ? 'sse' : 'json-array',
      };
    case 'countTokens':
      return { kind: 'count-tokens', surface, inPath };
    case 'embedContent':
    case 'batchEmbedContents':
      return { kind: 'embed', surface, inPath, isBatch: method === 'batchEmbedContents' };
    default:
      return null;
  }
}

/** Three dialects list their models under the same path; the headers of their SDKs tell them apart. */
function modelListSurface(headers: Headers): Surface {
  if (headers.has('anthropic-version')) return 'anthropic-messages';
  return headers.has('x-goog-api-key') || headers.has('x-goog-api-client') ? 'gemini' : 'openai-chat';
}

/**
 * The path as it was meant: base URLs are given with and without `/v1`, and SDKs add it or do not. Doubled slashes and
 * doubled or missing version prefixes are put right; everything else stays as it is.
 */
function kindPath(asked: string, headers: Headers): string {
  const path = asked.replace(/\/{2,}/g, '/').replace(/(?<=.)\/$/, '');
  const once = path.replace(/^(?:\/v1(?:beta)?)+(?=\/v1(?:beta)?(?:\/|$))/, '');
  if (/^\/(messages(\/count_tokens)?|chat\/completions|responses(\/.+)?|embeddings)$/.test(once))
    return `/v1${once}`;
  // The panel has pages of its own; only a caller with a key means the API.
  if (/^\/models(\/|$)/.test(once) && hasCredential(headers))
    return /:[a-zA-Z]+$/.test(once) ? `/v1beta${once}` : `/v1${once}`;
  return once;
}

function hasCredential(headers: Headers): boolean {
  return headers.has('authorization') || headers.has('x-api-key') || headers.has('x-goog-api-key');
}

function unescaped(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
