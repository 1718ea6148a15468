// The client-facing API dialects and which path speaks which. Pure: no fetch, clock or storage.

/** One client-facing API dialect. The first two are served; the others are recognised so that a refusal has their shape. */
export const SURFACES = [
  'anthropic-messages',
  'openai-chat',
  'openai-responses',
  'openai-embeddings',
  'gemini',
] as const;
export type Surface = (typeof SURFACES)[number];

/** What a data-plane path asks for. `unavailable`: a known operation that this version does not serve. */
export type Operation =
  | { kind: 'generate'; surface: Surface }
  | { kind: 'list-models'; surface: Surface }
  | { kind: 'unavailable'; surface: Surface };

const OPERATIONS: readonly { method: string; path: RegExp; operation: Operation }[] = [
  {
    method: 'POST',
    path: /^\/v1\/messages$/,
    operation: { kind: 'generate', surface: 'anthropic-messages' },
  },
  {
    method: 'POST',
    path: /^\/v1\/chat\/completions$/,
    operation: { kind: 'generate', surface: 'openai-chat' },
  },
  { method: 'GET', path: /^\/v1\/models$/, operation: { kind: 'list-models', surface: 'openai-chat' } },
];

/** Path prefixes of a dialect, most specific first; whatever is not an operation above is refused in this shape. */
const DIALECTS: readonly { path: RegExp; surface: Surface }[] = [
  { path: /^\/v1beta\//, surface: 'gemini' },
  { path: /^\/v1\/models\/[^/]+:[a-zA-Z]+$/, surface: 'gemini' },
  { path: /^\/v1\/messages(\/|$)/, surface: 'anthropic-messages' },
  { path: /^\/v1\/responses(\/|$)/, surface: 'openai-responses' },
  { path: /^\/v1\/embeddings$/, surface: 'openai-embeddings' },
  { path: /^\/v1(\/|$)/, surface: 'openai-chat' },
];

/** The operation behind a data-plane path, or null when the path is not of the data plane (panel, admin, health). */
export function matchOperation(method: string, path: string, headers: Headers): Operation | null {
  const dialect = DIALECTS.find((row) => row.path.test(path));
  if (!dialect) return null;
  const served = OPERATIONS.find((row) => row.method === method && row.path.test(path));
  if (!served) return { kind: 'unavailable', surface: dialect.surface };
  if (served.operation.kind === 'list-models' && headers.has('anthropic-version')) {
    return { kind: 'list-models', surface: 'anthropic-messages' };
  }
  return served.operation;
}
