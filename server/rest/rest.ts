// The admin routes of Kiro-Go and Aether, answered by this gateway's GraphQL API: same login, their paths and envelopes.

import * as v from 'valibot';
import { AFFINITY_ROUTES } from './affinities.ts';
import { ANALYSIS_ROUTES } from './analysis.ts';
import { CACHE_STATE_ROUTES } from './cache-state.ts';
import { MODEL_MAPPING_ROUTES } from './model-mappings.ts';
import { REQUEST_LOG_ROUTES } from './request-logs.ts';
import { type Ask, RestError, type Route } from './route.ts';

const ROUTES: readonly Route[] = [
  ...REQUEST_LOG_ROUTES,
  ...CACHE_STATE_ROUTES,
  ...MODEL_MAPPING_ROUTES,
  ...AFFINITY_ROUTES,
  ...ANALYSIS_ROUTES,
];

/** The GraphQL API as these routes use it. */
interface GraphqlApi<Info> {
  fetch(request: Request, info: Info): Promise<Response>;
}

export interface RestApi<Info> {
  /** Null when the path is none of these routes. */
  fetch(request: Request, info: Info): Promise<Response> | null;
}

export function createRestApi<Info>(graphql: GraphqlApi<Info>): RestApi<Info> {
  return {
    fetch: (request, info) => {
      const { pathname, searchParams } = new URL(request.url);
      if (!pathname.startsWith('/admin/api/') && !pathname.startsWith('/api/admin/')) return null;
      const fitting = ROUTES.flatMap((route) => {
        const parameters = parametersOf(route.path, pathname);
        return parameters ? [{ route, parameters }] : [];
      });
      const match = fitting.find(({ route }) => route.method === request.method);
      if (!match) return fitting.length > 0 ? Promise.resolve(notAllowed(fitting)) : null;
      const ask = asker(request, (inner) => graphql.fetch(inner, info));
      return reply(pathname, () =>
        match.route.answer({ parameters: match.parameters, query: searchParams, ask }),
      );
    },
  };
}

/** The values of the path's parameters; null when the path does not fit. Segments are decoded after they are told apart. */
function parametersOf(pattern: string, pathname: string): string[] | null {
  const wanted = pattern.split('/');
  const given = pathname.replace(/\/$/, '').split('/');
  const values: string[] = [];
  for (const [index, part] of wanted.entries()) {
    const segment = given[index];
    if (segment === undefined) return null;
    if (part.startsWith('*')) return appended(values, given.slice(index).join('/'));
    if (!part.startsWith(':')) {
      if (part !== segment) return null;
    } else if (!appended(values, segment)) return null;
  }
  return given.length === wanted.length ? values : null;
}

function appended(values: string[], segment: string): string[] | null {
  try {
    const value = decodeURIComponent(segment);
    if (value === '') return null;
    values.push(value);
    return values;
  } catch {
    return null;
  }
}

/** What says who is asking, and from where: the GraphQL API judges it as it judges its own callers. */
const PASSED_HEADERS = [
  'authorization',
  'cookie',
  'origin',
  'referer',
  'sec-fetch-site',
  'host',
  'x-forwarded-for',
  'x-request-id',
];

function asker(request: Request, fetch: (inner: Request) => Promise<Response>): Ask {
  const headers = new Headers({ 'content-type': 'application/json', accept: 'application/json' });
  for (const name of PASSED_HEADERS) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  // How the web page of Kiro-Go sends what it logs in with.
  const password = request.headers.get('x-admin-password');
  if (password !== null && !headers.has('authorization')) headers.set('authorization', `Bearer ${password}`);
  // A page of another site cannot set it without asking first, and GET and DELETE are asked as POST here.
  headers.set('x-graphql-yoga-csrf', 'rest');
  return async (query, result, variables = {}) => {
    const body = JSON.stringify({ query, variables });
    const url = new URL('/graphql', request.url).href;
    const response = await fetch(new Request(url, { method: 'POST', headers, body }));
    return v.parse(result, await dataOf(response));
  };
}

const answer = v.object({
  data: v.optional(v.unknown()),
  errors: v.optional(
    v.array(
      v.object({
        message: v.string(),
        extensions: v.optional(v.object({ code: v.optional(v.string()) })),
      }),
    ),
  ),
});

const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  CROSS_SITE: 403,
  BAD_USER_INPUT: 422,
};

async function dataOf(response: Response): Promise<unknown> {
  const { data, errors } = v.parse(answer, await response.json());
  const [error] = errors ?? [];
  if (!error) return data;
  throw new RestError(STATUS_BY_CODE[error.extensions?.code ?? ''] ?? 500, error.message);
}

async function reply(pathname: string, work: () => Promise<unknown>): Promise<Response> {
  try {
    return json(200, await work());
  } catch (error) {
    if (!(error instanceof RestError)) throw error;
    // Each API names the text of an error in its own way.
    const body = pathname.startsWith('/api/') ? { detail: error.message } : { error: error.message };
    return json(error.status, body);
  }
}

function notAllowed(fitting: readonly { route: Route }[]): Response {
  const allow = [...new Set(fitting.map(({ route }) => route.method))].join(', ');
  return json(405, { detail: 'Cannot answer: method not allowed' }, { allow });
}

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers },
  });
}
