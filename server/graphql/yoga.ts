// The admin API as a fetch handler, on GraphQL Yoga.

import type { ExecutionResult, GraphQLError } from 'graphql';
import { createYoga, type Plugin } from 'graphql-yoga';
import { uuidv7 } from 'uuidv7';
import { acceptedRequestId } from '../gateway/exchange.ts';
import { identifyVisitor } from './actor.ts';
import { admission } from './admission.ts';
import type { AdminContext } from './context.ts';
import { AdminDesk } from './desk.ts';
import { maskError, plainErrors, withoutSecrets } from './error-masking.ts';
import type { AdminParts, Connection } from './parts.ts';
import { crossSiteProblem } from './same-origin.ts';
import { schema } from './schema.ts';
import { createStreamApi, type RunOperation } from './stream-api.ts';

const MAX_BODY_BYTES = 1_000_000;
const STREAM_PATH = '/graphql/stream';

export interface AdminApi {
  /** Answers `/graphql` and `/graphql/stream`. */
  fetch(request: Request, connection: Connection): Promise<Response>;
}

type Yoga = ReturnType<typeof createServer>;

export function createAdminApi(parts: AdminParts): AdminApi {
  const desk = new AdminDesk(parts);
  const yoga = createServer(parts);
  const streams = createStreamApi(parts, { run: runner(yoga, parts), maxBodyBytes: MAX_BODY_BYTES });
  const answer = async (request: Request, connection: Connection, requestId: string) => {
    const isOfStream = new URL(request.url).pathname === STREAM_PATH;
    const problem = isOfStream ? null : crossSiteProblem(request);
    if (problem !== null) return refusal(problem, { status: 403, code: 'CROSS_SITE' });
    const visitor = await identifyVisitor(request, { parts, connection });
    const context = { parts, desk, visitor, requestId };
    const response = await (isOfStream ? streams(request, context) : yoga.fetch(request, context));
    response.headers.set('cache-control', 'no-store');
    for (const cookie of visitor.setCookies) response.headers.append('set-cookie', cookie);
    return response;
  };
  return {
    async fetch(request, connection) {
      const requestId = acceptedRequestId(request.headers.get('x-request-id')) ?? uuidv7();
      const response = await answer(request, connection, requestId).catch((error: unknown) => {
        parts.logError(error);
        parts.logError(failedRequest(requestId));
        return refusal('Unexpected error.', { status: 500, code: 'INTERNAL_SERVER_ERROR' });
      });
      response.headers.set('x-request-id', requestId);
      return response;
    },
  };
}

function createServer(parts: AdminParts) {
  return createYoga<AdminContext>({
    schema,
    graphqlEndpoint: '/graphql',
    cors: false,
    multipart: false,
    batching: false,
    extraParamNames: ['documentId'],
    graphiql: parts.isDevelopment,
    landingPage: false,
    logging: false,
    maxRequestBodySize: MAX_BODY_BYTES,
    // `admission` keeps the known documents; a cache of all could be filled by anybody.
    parserAndValidationCache: false,
    maskedErrors: { isDev: false, maskError: (error) => maskError(error, parts.logError) },
    plugins: [admission(parts, schema), discretion(parts)],
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
}

/** Runs the operations of streams. What Yoga does to a result on its way out is done here. */
function runner(yoga: Yoga, parts: AdminParts): RunOperation {
  const tidy = (result: ExecutionResult) => plainErrors(withoutSecrets(result));
  return async (params, { request, context }) => {
    try {
      const result = await yoga.getResultForParams({ params, request }, { ...context });
      if (!result) return { errors: [] };
      return Symbol.asyncIterator in result ? mapped(result, tidy) : tidy(result);
    } catch (error) {
      return tidy({ errors: [maskError(error, parts.logError)] });
    }
  };
}

/** Says nothing of the schema or of values in errors, and notes which request an unexpected one belongs to. */
function discretion(parts: AdminParts): Plugin<AdminContext, AdminContext> {
  return {
    onResultProcess({ result, setResult, serverContext }) {
      if (Array.isArray(result) || !('errors' in result)) return;
      if (result.errors?.some(isUnexpected)) parts.logError(failedRequest(serverContext.requestId));
      setResult(withoutSecrets(result));
    },
  };
}

function isUnexpected({ extensions }: GraphQLError): boolean {
  return extensions.code === 'INTERNAL_SERVER_ERROR';
}

/** Beside the error itself in the log: by the id that the caller was given, it is found. */
function failedRequest(requestId: string): Error {
  return new Error(`Cannot answer request ${requestId}: see the error before`);
}

function refusal(message: string, { status, code }: { status: number; code: string }): Response {
  return Response.json(
    { errors: [{ message, extensions: { code } }] },
    { status, headers: { 'cache-control': 'no-store' } },
  );
}

/** Passes `return` on at once: a generator that waits for its next item would only hear of it then. */
function mapped<From, To>(items: AsyncIterable<From>, map: (item: From) => To): AsyncIterableIterator<To> {
  const iterator = items[Symbol.asyncIterator]();
  return {
    async next() {
      const { done, value } = await iterator.next();
      return done ? { done, value: undefined } : { done: false, value: map(value) };
    },
    async return() {
      await iterator.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
