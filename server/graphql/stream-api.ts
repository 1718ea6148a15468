// graphql-sse's single connection mode over HTTP: PUT reserves a stream, GET reads it, POST runs an operation whose results
// it carries, DELETE ends one. Protocol: https://github.com/enisdenjo/graphql-sse/blob/master/PROTOCOL.md

import * as v from 'valibot';
import type { AdminContext } from './context.ts';
import { parsedJson, readText } from './request-body.ts';
import { foreignOriginProblem } from './same-origin.ts';
import type { Results } from './stream-connection.ts';
import { type ReservedStream, StreamDesk } from './stream-desk.ts';
import { ownerOf, watchLogin } from './subscription.ts';

/** Operations of one stream at the same time. */
const MAX_OPERATIONS = 64;
const MAX_ID_CHARACTERS = 100;
const TOKEN_HEADER = 'x-graphql-event-stream-token';

const PARAMS = v.looseObject({
  query: v.exactOptional(v.string()),
  documentId: v.exactOptional(v.string()),
  operationName: v.exactOptional(v.string()),
  variables: v.exactOptional(v.record(v.string(), v.unknown())),
  extensions: v.looseObject({
    operationId: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_ID_CHARACTERS)),
  }),
});

/** Runs an operation as `/graphql` would: same limits, same errors. */
export type RunOperation = (
  params: v.InferOutput<typeof PARAMS>,
  { request, context }: { request: Request; context: AdminContext },
) => Promise<Results>;

/** Answers `/graphql/stream`. The visitor has been identified. */
export type StreamApi = (request: Request, context: AdminContext) => Promise<Response>;

export function createStreamApi(
  parts: Pick<AdminContext['parts'], 'clock'>,
  { run, maxBodyBytes }: { run: RunOperation; maxBodyBytes: number },
): StreamApi {
  const desk = new StreamDesk(parts.clock);
  return async (request, context) => {
    const problem = foreignOriginProblem(request);
    if (problem !== null) return refusal(403, 'CROSS_SITE', problem);
    if (!context.visitor.actor) {
      return refusal(401, 'UNAUTHENTICATED', 'Cannot answer: log in or send an admin token first');
    }
    const owner = ownerOf(context.visitor);
    if (request.method === 'PUT') return reserve(desk, owner);
    if (!['GET', 'POST', 'DELETE'].includes(request.method)) return methodRefusal();
    const url = new URL(request.url);
    const token = request.headers.get(TOKEN_HEADER) ?? url.searchParams.get('token');
    const stream = desk.find(token, owner);
    if (!stream) return refusal(404, 'STREAM_NOT_FOUND', 'Cannot find the stream: reserve one with PUT');
    if (request.method === 'GET') return open(stream, context);
    if (request.method === 'DELETE') return complete(stream, url.searchParams.get('operationId'));
    return operate(stream, { request, context, run, maxBodyBytes });
  };
}

function reserve(desk: StreamDesk, owner: string): Response {
  const stream = desk.reserve(owner);
  if (!stream) return refusal(429, 'TOO_MANY_STREAMS', 'Cannot reserve a stream: too many are open');
  return new Response(stream.token, {
    status: 201,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
  });
}

function open(stream: ReservedStream, context: AdminContext): Response {
  const { connection, keep, end } = stream;
  if (connection.isOpen) return refusal(409, 'STREAM_OPEN', 'Cannot read the stream: it is being read');
  keep();
  const unwatch = watchLogin(context, end);
  const texts = connection.read();
  const leave = () => {
    unwatch();
    end();
  };
  // Begun here, so that a second reader that comes before the first read is refused.
  let first: Promise<IteratorResult<string>> | null = texts.next();
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await (first ?? texts.next());
      first = null;
      if (!done) return controller.enqueue(encoder.encode(value));
      leave();
      controller.close();
    },
    cancel: leave,
  });
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'content-encoding': 'none' },
  });
}

function complete({ connection }: ReservedStream, operationId: string | null): Response {
  if (operationId === null) return refusal(400, 'BAD_REQUEST', 'Cannot end the operation: no operationId');
  connection.complete(operationId);
  return new Response(null, { status: 200 });
}

async function operate(
  { connection }: ReservedStream,
  {
    request,
    context,
    run,
    maxBodyBytes,
  }: { request: Request; context: AdminContext; run: RunOperation; maxBodyBytes: number },
): Promise<Response> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/json') return refusal(415, 'BAD_REQUEST', 'Cannot read the body: not JSON');
  const text = await readText(request, maxBodyBytes);
  if (text === null) return refusal(413, 'BAD_REQUEST', `Cannot read the body: over ${maxBodyBytes} bytes`);
  const params = v.safeParse(PARAMS, parsedJson(text));
  if (!params.success) {
    return refusal(
      400,
      'BAD_REQUEST',
      'Cannot read the body: expected parameters with an extensions.operationId',
    );
  }
  const id = params.output.extensions.operationId;
  if (connection.operationCount >= MAX_OPERATIONS) {
    return refusal(429, 'TOO_MANY_OPERATIONS', `Cannot run more than ${MAX_OPERATIONS} operations at once`);
  }
  if (!connection.reserve(id)) {
    return refusal(409, 'OPERATION_EXISTS', 'Cannot run the operation: its id is in use');
  }
  try {
    connection.carry(id, await run(params.output, { request, context }));
  } catch (error) {
    connection.complete(id);
    throw error;
  }
  return new Response(null, { status: 202 });
}

function methodRefusal(): Response {
  const response = refusal(405, 'BAD_REQUEST', 'Cannot answer: use PUT, GET, POST or DELETE');
  response.headers.set('allow', 'GET, POST, PUT, DELETE');
  return response;
}

function refusal(status: number, code: string, message: string): Response {
  return Response.json({ errors: [{ message, extensions: { code } }] }, { status });
}
