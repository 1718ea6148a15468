// Affinities as Aether's cache monitoring lists and clears them: 23 fields, Unix seconds, offsets.

import * as v from 'valibot';
import {
  type Ask,
  cleared,
  RestError,
  type Route,
  refuseErrors,
  textOf,
  unixSeconds,
  wholeNumber,
} from './route.ts';

const MAX_ROWS = 1000;
const PAGE_ROWS = 200;

const FIELDS = `
  apiKey { id name masked isStandalone } user { id username email }
  provider { id name } endpoint { id surface baseUrl } account { id name rateMultiplier } accountPrefix
  model { id name displayName } surface createdAt expiresAt requestCount sessionId`;

const LIST = `query ($search: String, $first: Int, $after: String) {
  affinities(search: $search, first: $first, after: $after) {
    totalCount matchedUserId nodes { ${FIELDS} } pageInfo { hasNextPage endCursor }
  }
}`;

const OF_USER = `query ($identifier: String!) {
  userAffinity(identifier: $identifier) { user { id username email } affinities { ${FIELDS} } totalEndpoints }
}`;

const text = v.nullable(v.string());
const user = v.object({ id: v.string(), username: v.string(), email: text });

const affinity = v.object({
  apiKey: v.object({ id: v.string(), name: v.string(), masked: v.string(), isStandalone: v.boolean() }),
  user: v.nullable(user),
  provider: v.object({ id: v.string(), name: v.string() }),
  endpoint: v.object({ id: v.string(), surface: v.string(), baseUrl: v.string() }),
  account: v.object({
    id: v.string(),
    name: v.string(),
    rateMultiplier: v.number(),
  }),
  model: v.object({ id: v.string(), name: v.string(), displayName: text }),
  accountPrefix: v.string(),
  surface: v.string(),
  createdAt: v.string(),
  expiresAt: v.string(),
  requestCount: v.number(),
  sessionId: text,
});
type Affinity = v.InferOutput<typeof affinity>;

const list = v.object({
  affinities: v.object({
    totalCount: v.number(),
    matchedUserId: text,
    nodes: v.array(affinity),
    pageInfo: v.object({ hasNextPage: v.boolean(), endCursor: text }),
  }),
});

const ofUser = v.object({
  userAffinity: v.nullable(
    v.object({ user: v.nullable(user), affinities: v.array(affinity), totalEndpoints: v.number() }),
  ),
});

/** Their word for each surface. Theirs has one for the command line clients as well, which call the same API. */
const FORMATS: Readonly<Record<string, string>> = {
  ANTHROPIC_MESSAGES: 'claude',
  OPENAI_CHAT: 'openai',
  OPENAI_RESPONSES: 'openai_cli',
  OPENAI_EMBEDDINGS: 'openai_embeddings',
  GEMINI: 'gemini',
};
const SURFACES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Object.entries(FORMATS).map(([surface, format]) => [format, surface])),
  claude_cli: 'ANTHROPIC_MESSAGES',
  gemini_cli: 'GEMINI',
};

const PAYLOAD = '{ clearedCount message clearedKeys errors { code message } }';
const CLEAR_USER = `mutation ($identifier: String!) { result: clearUserAffinities(identifier: $identifier) ${PAYLOAD} }`;
const CLEAR_ONE = `mutation ($apiKeyId: ID!, $endpointId: ID!, $modelId: ID!, $surface: Surface!) {
  result: clearAffinity(apiKeyId: $apiKeyId, endpointId: $endpointId, modelId: $modelId, surface: $surface) ${PAYLOAD}
}`;
const CLEAR_ALL = `mutation { result: clearAllAffinities ${PAYLOAD} }`;
const CLEAR_PROVIDER = `mutation ($providerId: ID!) { result: clearProviderAffinities(providerId: $providerId) ${PAYLOAD} }`;
const clearing = v.object({ result: cleared });

const CACHE = '/api/admin/monitoring/cache';

export const AFFINITY_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: `${CACHE}/affinities`,
    answer: async ({ query, ask }) => {
      const limit = wholeNumber(query, 'limit', { least: 1, most: MAX_ROWS, otherwise: MAX_ROWS });
      const offset = wholeNumber(query, 'offset', { least: 0, most: 100_000, otherwise: 0 });
      const { rows, total, matchedUserId } = await affinitiesOf(ask, {
        search: textOf(query, 'keyword'),
        rows: offset + limit,
      });
      const items = rows.slice(offset).map(affinityEntry);
      const meta = { total, limit, offset, count: items.length };
      return { status: 'ok', data: { items, total, matched_user_id: matchedUserId, meta } };
    },
  },
  {
    method: 'GET',
    // Names of users may have slashes, escaped or not.
    path: `${CACHE}/affinity/*identifier`,
    answer: async ({ parameters: [identifier], ask }) => {
      const { userAffinity: found } = await ask(OF_USER, ofUser, { identifier });
      if (!found) return { status: 'not_found', message: `No user or API key goes by "${identifier}"` };
      const user_info = userInfo(found.user);
      if (found.affinities.length === 0) {
        return { status: 'not_found', message: 'There is no affinity', user_info };
      }
      const affinities = found.affinities.map(affinityEntry);
      return { status: 'ok', user_info, affinities, total_endpoints: found.totalEndpoints };
    },
  },
  {
    method: 'DELETE',
    path: `${CACHE}/users/*identifier`,
    answer: async ({ parameters: [identifier], ask }) => {
      const { count, message } = await clear(ask, CLEAR_USER, { identifier });
      return { status: 'ok', message, count };
    },
  },
  {
    method: 'DELETE',
    path: `${CACHE}/affinity/:apiKey/:endpoint/:model/:format`,
    answer: async ({ parameters: [apiKeyId, endpointId, modelId, format = ''], ask }) => {
      const surface = SURFACES[format.toLowerCase()];
      if (!surface) throw new RestError(404, `Cannot clear the affinity: "${format}" is no API format`);
      const { count, message } = await clear(ask, CLEAR_ONE, { apiKeyId, endpointId, modelId, surface });
      if (count === 0) throw new RestError(404, 'Cannot clear the affinity: there is none');
      return {
        status: 'ok',
        message,
        affinity_key: apiKeyId,
        endpoint_id: endpointId,
        model_id: modelId,
        count,
      };
    },
  },
  {
    method: 'DELETE',
    path: CACHE,
    answer: async ({ ask }) => {
      const { count, message } = await clear(ask, CLEAR_ALL);
      return { status: 'ok', message, count };
    },
  },
  {
    method: 'DELETE',
    path: `${CACHE}/providers/*provider`,
    answer: async ({ parameters: [providerId = ''], ask }) => {
      const { result } = await ask(CLEAR_PROVIDER, clearing, { providerId });
      const { clearedCount: count, message } = result;
      // An unknown provider has no affinities: theirs answers with a count of 0.
      return { status: 'ok', message, provider_id: providerId, count };
    },
  },
];

async function clear(ask: Ask, document: string, variables: Record<string, unknown> = {}) {
  const { result } = await ask(document, clearing, variables);
  refuseErrors(result);
  return { count: result.clearedCount, message: result.message };
}

async function affinitiesOf(ask: Ask, { search, rows: wanted }: { search: string | null; rows: number }) {
  const rows: Affinity[] = [];
  let total = 0;
  let matchedUserId: string | null = null;
  for (let after: string | null = null; rows.length < wanted; ) {
    const first = Math.min(PAGE_ROWS, wanted - rows.length);
    const page: v.InferOutput<typeof list> = await ask(LIST, list, { search, first, after });
    const { nodes, pageInfo, totalCount } = page.affinities;
    rows.push(...nodes);
    total = totalCount;
    matchedUserId = page.affinities.matchedUserId;
    if (!pageInfo.hasNextPage) break;
    after = pageInfo.endCursor;
  }
  return { rows, total, matchedUserId };
}

function userInfo(found: v.InferOutput<typeof user> | null) {
  return { user_id: found?.id ?? null, username: found?.username ?? null, email: found?.email ?? null };
}

function affinityEntry(row: Affinity) {
  return {
    affinity_key: row.apiKey.id,
    user_api_key_name: row.apiKey.name,
    user_api_key_prefix: row.apiKey.masked,
    is_standalone: row.apiKey.isStandalone,
    ...userInfo(row.user),
    provider_id: row.provider.id,
    provider_name: row.provider.name,
    endpoint_id: row.endpoint.id,
    endpoint_api_format: FORMATS[row.endpoint.surface] ?? null,
    endpoint_url: row.endpoint.baseUrl,
    key_id: row.account.id,
    key_name: row.account.name,
    key_prefix: row.accountPrefix,
    rate_multiplier: row.account.rateMultiplier,
    global_model_id: row.model.id,
    model_name: row.model.name,
    model_display_name: row.model.displayName,
    api_format: FORMATS[row.surface] ?? null,
    created_at: unixSeconds(row.createdAt),
    expire_at: unixSeconds(row.expiresAt),
    request_count: row.requestCount,
    session_id: row.sessionId,
  };
}
