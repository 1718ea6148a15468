// A request as a curl command that can be pasted into a POSIX shell. The key is a variable of the shell, never its value. Pure.

export interface CurlSource {
  origin: string;
  path: string;
  surface: 'ANTHROPIC_MESSAGES' | 'OPENAI_CHAT' | 'OPENAI_RESPONSES' | 'OPENAI_EMBEDDINGS' | 'GEMINI';
  model: string;
  isStreamed: boolean;
  /** As the client sent it; null = not kept, or not whole. */
  body: string | null;
  /** JSON of the client's headers; null = not kept. */
  headers: string | null;
  /** What the prompt says where the body is not known. */
  placeholder: string;
}

/** One argument of a shell command, whatever is in it. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

export function curlOf(source: CurlSource): string {
  const isRead = readsOnly(source.path);
  const url = source.origin + source.path + (asksForEvents(source) ? '?alt=sse' : '');
  const headers = [...(isRead ? [] : [['content-type', 'application/json']]), ...passedHeaders(source)];
  const lines = [
    // Brackets and braces in a path would be patterns to curl.
    `curl ${source.isStreamed ? '--no-buffer ' : ''}--globoff ${shellQuoted(url)}`,
    `-H "${KEY_HEADERS[source.surface]}$WARMPATH_API_KEY"`,
    ...headers.map(([name, value]) => `-H ${shellQuoted(`${name}: ${value}`)}`),
    ...(isRead ? [] : [`--data-raw ${shellQuoted(bodyOf(source))}`]),
  ];
  return lines.join(' \\\n  ');
}

const KEY_HEADERS: Record<CurlSource['surface'], string> = {
  ANTHROPIC_MESSAGES: 'x-api-key: ',
  OPENAI_CHAT: 'authorization: Bearer ',
  OPENAI_RESPONSES: 'authorization: Bearer ',
  OPENAI_EMBEDDINGS: 'authorization: Bearer ',
  GEMINI: 'x-goog-api-key: ',
};

const ANTHROPIC_VERSION = ['anthropic-version', '2023-06-01'] as const;

/** curl says these itself, they belong to one connection or one request, or stand above. */
const OWN_HEADERS = new Set([
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'traceparent',
  'transfer-encoding',
  'user-agent',
  'x-client-request-id',
  'x-request-id',
]);
const HIDDEN = /•|\[redacted\]/;
const HEADER_NAME = /^[a-z0-9_-]+$/i;

function passedHeaders({ headers, surface }: CurlSource): (readonly [string, string])[] {
  const kept = headersIn(headers).filter(
    ([name, value]) => HEADER_NAME.test(name) && !OWN_HEADERS.has(name) && !HIDDEN.test(value),
  );
  const needsVersion =
    surface === 'ANTHROPIC_MESSAGES' && !kept.some(([name]) => name === ANTHROPIC_VERSION[0]);
  const plain = kept.map(([name, value]) => [name, withoutControls(value)] as const);
  return needsVersion ? [ANTHROPIC_VERSION, ...plain] : plain;
}

/** Names and values; nothing when the text is no JSON object of texts. */
function headersIn(json: string | null): [string, string][] {
  try {
    const value: unknown = json === null ? null : JSON.parse(json);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    return Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  } catch {
    return [];
  }
}

/** A line break in a header would be a header more. */
function withoutControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the point
  return text.replace(/[\u0000-\u001f\u007f]/g, ' ');
}

/** The log does not keep the method. Lists of models and stored responses are read; everything else sends a body. */
function readsOnly(path: string): boolean {
  return /\/models(\/[^/:]+)?$/.test(path) || /\/responses\/[^/]+$/.test(path);
}

/** The log keeps paths without their query: without it Gemini answers with one JSON list. */
function asksForEvents({ surface, isStreamed }: CurlSource): boolean {
  return surface === 'GEMINI' && isStreamed;
}

function bodyOf(source: CurlSource): string {
  return source.body ?? JSON.stringify(placeholderBody(source));
}

function placeholderBody({ surface, model, isStreamed, placeholder }: CurlSource): object {
  const stream = isStreamed ? { stream: true } : {};
  const messages = [{ role: 'user', content: placeholder }];
  switch (surface) {
    case 'ANTHROPIC_MESSAGES':
      return { model, max_tokens: 256, ...stream, messages };
    case 'OPENAI_CHAT':
      return { model, ...stream, messages };
    case 'OPENAI_RESPONSES':
      return { model, ...stream, input: placeholder };
    case 'OPENAI_EMBEDDINGS':
      return { model, input: placeholder };
    case 'GEMINI':
      return { contents: [{ role: 'user', parts: [{ text: placeholder }] }] };
    default:
      return surface satisfies never;
  }
}
