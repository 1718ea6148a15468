// The words of OpenTelemetry's semantic conventions for generative AI (in development; our own constants therefore), and
// what an exchange is in them.

import { createHash } from 'node:crypto';
import type { Catalog } from '../gateway/catalog.ts';
import type { Exchange } from '../gateway/exchange.ts';
import type { Endpoint, RequestRow } from '../gateway/ports.ts';
import type { Operation, Surface } from '../wire/surface.ts';

/** What is told of one finished exchange. */
export type Settled = Pick<Exchange, 'row' | 'operation' | 'trace'>;

export type Names = Pick<Catalog, 'providers' | 'endpoints' | 'accounts' | 'models'>;

export const OPERATION_NAME = 'gen_ai.operation.name';
export const PROVIDER_NAME = 'gen_ai.provider.name';
export const REQUEST_MODEL = 'gen_ai.request.model';
export const TOKEN_TYPE = 'gen_ai.token.type';
export const ERROR_TYPE = 'error.type';
export const SERVER_ADDRESS = 'server.address';
export const SERVER_PORT = 'server.port';

/** Seconds: bounds that the conventions state for durations and first chunks, and for tokens. */
export const GEN_AI_SECONDS = [
  0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];
export const GEN_AI_TOKENS = [
  1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 67_108_864,
];

/** Null = no call of a model: lists and stored replies are not spans of generative AI. */
export function operationName({ kind, surface }: Pick<Operation, 'kind' | 'surface'>): string | null {
  switch (kind) {
    case 'generate':
      return surface === 'gemini' ? 'generate_content' : 'chat';
    case 'embed':
      return 'embeddings';
    case 'count-tokens':
      return 'count_tokens';
    default:
      return null;
  }
}

const HOSTS: readonly { host: RegExp; name: string }[] = [
  { host: /(^|\.)anthropic\.com$/, name: 'anthropic' },
  { host: /(^|\.)openai\.azure\.com$/, name: 'azure.ai.openai' },
  { host: /(^|\.)openai\.com$/, name: 'openai' },
  { host: /(^|\.)generativelanguage\.googleapis\.com$/, name: 'gcp.gemini' },
  { host: /aiplatform\.googleapis\.com$/, name: 'gcp.vertex_ai' },
  { host: /^bedrock.*\.amazonaws\.com$/, name: 'aws.bedrock' },
  { host: /(^|\.)deepseek\.com$/, name: 'deepseek' },
  { host: /(^|\.)groq\.com$/, name: 'groq' },
  { host: /(^|\.)mistral\.ai$/, name: 'mistral_ai' },
  { host: /(^|\.)moonshot\.(ai|cn)$/, name: 'moonshot_ai' },
  { host: /(^|\.)perplexity\.ai$/, name: 'perplexity' },
  { host: /(^|\.)cohere\.(com|ai)$/, name: 'cohere' },
  { host: /(^|\.)x\.ai$/, name: 'x_ai' },
];

/** Whose dialect it is, where the host is nobody's that the conventions know. */
const DIALECTS: Readonly<Record<Surface, string>> = {
  'anthropic-messages': 'anthropic',
  'openai-chat': 'openai',
  'openai-responses': 'openai',
  'openai-embeddings': 'openai',
  gemini: 'gcp.gemini',
};

export interface Server {
  address: string;
  port: number;
}

/** Where the last attempt went; null = nowhere. */
export function serverOf(
  { endpointId }: Pick<RequestRow, 'endpointId'>,
  { endpoints }: Names,
): Server | null {
  const endpoint = endpoints.get(endpointId ?? '');
  if (!endpoint) return null;
  const known = servers.get(endpoint);
  if (known !== undefined) return known;
  const server = serverIn(endpoint.baseUrl);
  servers.set(endpoint, server);
  return server;
}

/** An endpoint's row is replaced when it is changed, and forgotten with its snapshot of the configuration. */
const servers = new WeakMap<Endpoint, Server | null>();

function serverIn(baseUrl: string): Server | null {
  const url = URL.parse(baseUrl);
  if (!url) return null;
  const port = url.port === '' ? (url.protocol === 'http:' ? 80 : 443) : Number(url.port);
  return { address: url.hostname, port };
}

export function providerName(
  row: Pick<RequestRow, 'surface' | 'endpointSurface'>,
  server: Server | null,
): string {
  const known = server && HOSTS.find(({ host }) => host.test(server.address));
  return known ? known.name : DIALECTS[row.endpointSurface ?? row.surface];
}

/** The model's name in the configuration. A name that nobody configured may be anything. */
export function modelName({ modelId }: Pick<RequestRow, 'modelId'>, { models }: Names): string | null {
  return models.get(modelId ?? '')?.name ?? null;
}

/** A short stable word; null = the exchange went well. */
export function errorType({ outcome, errorCode, status }: RequestRow): string | null {
  return outcome === 'ok' ? null : (errorCode ?? (outcome === 'client-gone' ? outcome : String(status)));
}

/** The same for every request of a session, and nothing that leads back to what the client sent. */
export function conversationId({ sessionId, apiKeyId }: RequestRow): string | null {
  if (sessionId === null) return null;
  return createHash('sha256')
    .update(`${apiKeyId ?? ''}\0${sessionId}`)
    .digest('hex')
    .slice(0, 32);
}
