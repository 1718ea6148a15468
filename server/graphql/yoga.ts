// The admin API as a fetch handler. The only file that knows GraphQL Yoga.

import { GraphQLError } from 'graphql';
import { createYoga, type Plugin, type YogaInitialContext } from 'graphql-yoga';
import { identifyVisitor } from './actor.ts';
import type { AdminContext } from './context.ts';
import { AdminDesk } from './desk.ts';
import { parseWithinLimits } from './document-limits.ts';
import { noIntrospection } from './introspection.ts';
import type { AdminParts } from './parts.ts';
import { crossSiteProblem } from './same-origin.ts';
import { schema } from './schema.ts';

const MAX_BODY_BYTES = 1_000_000;

export interface AdminApi {
  /** Answers `/graphql`. `isLoopback`: the connection comes from this machine. */
  fetch(request: Request, info: { isLoopback: boolean }): Promise<Response>;
}

export function createAdminApi(parts: AdminParts): AdminApi {
  const desk = new AdminDesk(parts);
  const yoga = createYoga<AdminContext>({
    schema,
    graphqlEndpoint: '/graphql',
    cors: false,
    multipart: false,
    batching: false,
    graphiql: parts.isDevelopment,
    landingPage: false,
    logging: false,
    maxRequestBodySize: MAX_BODY_BYTES,
    // Documents come before the login: a cache of them could be filled by anybody.
    parserAndValidationCache: false,
    maskedErrors: { isDev: false, maskError: (error) => maskError(error, parts) },
    plugins: [limits(parts), withoutSuggestions],
    // The runtime's own classes, so that the reply is one the server understands.
    fetchAPI: {
      fetch,
      Request,
      Response,
      Headers,
      ReadableStream,
      TextEncoder,
      TextDecoder,
      URL,
      URLSearchParams,
    },
  });
  const answer = async (request: Request, isLoopback: boolean) => {
    const problem = crossSiteProblem(request);
    if (problem !== null) return refusal(problem, { status: 403, code: 'CROSS_SITE' });
    const visitor = await identifyVisitor(request, { parts, isLoopback });
    const response = await yoga.fetch(request, { parts, desk, visitor });
    response.headers.set('cache-control', 'no-store');
    for (const cookie of visitor.setCookies) response.headers.append('set-cookie', cookie);
    return response;
  };
  return {
    fetch: (request, { isLoopback }) =>
      answer(request, isLoopback).catch((error: unknown) => {
        parts.logError(error);
        return refusal('Unexpected error.', { status: 500, code: 'INTERNAL_SERVER_ERROR' });
      }),
  };
}

/** Limits come with parsing, introspection with validation; both before anything runs. */
function limits({ isDevelopment }: AdminParts): Plugin<AdminContext & YogaInitialContext> {
  return {
    onParse: ({ setParseFn }) => setParseFn((source) => parseWithinLimits(source, schema)),
    onValidate: ({ addValidationRule }) => {
      if (!isDevelopment) addValidationRule(noIntrospection);
    },
  };
}

/** graphql-js answers a wrong name with the nearest right ones, which gives the schema away to callers without a login. */
const withoutSuggestions: Plugin = {
  onResultProcess: ({ result, setResult }) => {
    if (Array.isArray(result) || !('errors' in result) || !result.errors) return;
    setResult({ ...result, errors: result.errors.map(withoutSuggestion) });
  },
};

function withoutSuggestion(error: GraphQLError): GraphQLError {
  const message = error.message.replace(/\s*Did you mean [^?]*\?/g, '');
  if (message === error.message) return error;
  const { nodes, source, positions, path, extensions } = error;
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
}

/** GraphQL errors were made for the caller; whatever else surfaces was not. */
function maskError(error: unknown, { logError }: AdminParts): GraphQLError {
  if (error instanceof GraphQLError && isForTheCaller(error)) return error;
  const cause = error instanceof GraphQLError ? (error.originalError ?? error) : error;
  logError(cause);
  const { nodes, path } = error instanceof GraphQLError ? error : {};
  return new GraphQLError('Unexpected error.', {
    nodes,
    path,
    extensions: { code: 'INTERNAL_SERVER_ERROR' },
  });
}

function isForTheCaller(error: GraphQLError): boolean {
  return (
    !error.originalError ||
    (error.originalError instanceof GraphQLError && isForTheCaller(error.originalError))
  );
}

function refusal(message: string, { status, code }: { status: number; code: string }): Response {
  return Response.json(
    { errors: [{ message, extensions: { code } }] },
    { status, headers: { 'cache-control': 'no-store' } },
  );
}
