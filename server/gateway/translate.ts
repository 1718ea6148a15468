// What goes to a candidate's endpoint: the client's own bytes, or the request in another dialect; and whole replies back.

import type { ChatEvent, ChatReply, ChatRequest, ReplyContext } from '../wire/chat.ts';
import { codecOf } from '../wire/dialects.ts';
import { Framer } from '../wire/framing.ts';
import { isObject, parseJson } from '../wire/json.ts';
import { LossList } from '../wire/losses.ts';
import { replaceSpan, scanObject, WireError } from '../wire/scan.ts';
import { type ChatSurface, type Framing, isChatSurface } from '../wire/surface.ts';
import type { RequestBody } from './body.ts';
import { promptCacheKeyOf } from './cache-levers.ts';
import type { Candidate } from './catalog.ts';
import { GatewayError, refusedRequest } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { Translation } from './tap.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface Outgoing {
  bytes: Uint8Array<ArrayBuffer>;
  translation: Translation | null;
  /** How the upstream frames a stream. */
  framing: Framing;
}

/** The body to send to this candidate. Throws GatewayError `cannot-translate` when it cannot be said in its dialect. */
export function outgoing(exchange: Exchange, body: RequestBody, candidate: Candidate): Outgoing {
  const { operation, surface, row } = exchange;
  const target = candidate.endpoint.surface;
  row.endpointSurface = target;
  row.losses = [];
  const framing = operation.kind === 'generate' ? operation.framing : 'sse';
  if (target === surface) {
    const rename = surface === 'gemini' ? withGeminiModel : withModel;
    return { bytes: rename(body, candidate.upstreamModel), translation: null, framing };
  }
  if (!isChatSurface(surface) || !isChatSurface(target)) {
    throw new GatewayError('cannot-translate', `Cannot translate from ${surface} to ${target}: no such way`);
  }
  const losses = new LossList();
  const request = asGatewayError(() => neutralRequest({ body, surface, losses }));
  const wire = asGatewayError(() =>
    codecOf(target).encodeRequest(
      { ...request, model: candidate.upstreamModel, promptCacheKey: cacheKeyOf(request, row.sessionId) },
      losses.lose,
    ),
  );
  row.losses = losses.dropped;
  const context: ReplyContext = { model: body.model, createdAtMs: row.startedAtMs, request };
  return {
    bytes: encoder.encode(JSON.stringify(wire)),
    translation: { from: target, to: surface, framing, context },
    framing: 'sse',
  };
}

function withModel({ bytes, model, modelSpan }: RequestBody, upstreamModel: string): Uint8Array<ArrayBuffer> {
  return upstreamModel === model || !modelSpan ? bytes : replaceSpan(bytes, modelSpan, upstreamModel);
}

/** Gemini has the model in its path; embedding requests repeat it in the body, a batch in each of its parts. */
function withGeminiModel(body: RequestBody, upstreamModel: string): Uint8Array<ArrayBuffer> {
  const { bytes, model, modelSpan } = body;
  if (upstreamModel === model) return bytes;
  if (modelSpan) return replaceSpan(bytes, modelSpan, `models/${upstreamModel}`);
  const span = scanObject(bytes).get('requests');
  const requests = span && parseJson(decoder.decode(bytes.subarray(span.start, span.end)));
  if (!span || !Array.isArray(requests)) return bytes;
  const renamed = requests.map((part: unknown) =>
    isObject(part) && 'model' in part ? { ...part, model: `models/${upstreamModel}` } : part,
  );
  return replaceSpan(bytes, span, renamed);
}

/** Decoded anew for each candidate, because the losses of decoding count each time; this is not the hot path. */
function neutralRequest(of: { body: RequestBody; surface: ChatSurface; losses: LossList }): ChatRequest {
  const { body, surface, losses } = of;
  const { model, isStreamed } = body;
  const json = parseJson(decoder.decode(body.bytes));
  return codecOf(surface).decodeRequest(json, { model, isStreamed, lose: losses.lose });
}

/** Providers that route by key see one key per conversation, the same in every dialect. The client's reply has only its own. */
function cacheKeyOf({ promptCacheKey }: ChatRequest, sessionId: string | null): string | null {
  return promptCacheKey ?? (sessionId === null ? null : promptCacheKeyOf(sessionId));
}

function asGatewayError<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    // A schema or a tool's arguments nested thousands of levels deep.
    if (error instanceof RangeError) {
      throw new GatewayError('cannot-translate', 'Cannot translate the request: it is nested too deeply');
    }
    if (!(error instanceof WireError)) throw error;
    throw refusedRequest(error);
  }
}

/** A whole upstream reply as the client's dialect says it. Throws GatewayError `upstream-error` when it is not a reply. */
export function translatedReply(json: unknown, { from, to, framing, context }: Translation): string {
  const reply = decodedReply(json, from);
  if (!context.request.isStreamed) return JSON.stringify(codecOf(to).encodeReply(reply, context));
  // The client asked for a stream and the upstream answered whole.
  const framer = new Framer(framing);
  const encoder = codecOf(to).streamEncoder(context);
  const events = eventsOf(reply).flatMap((event) => encoder.encode(event));
  return framer.frame(events) + framer.end();
}

function decodedReply(json: unknown, from: ChatSurface): ChatReply {
  try {
    return codecOf(from).decodeReply(json);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new GatewayError('upstream-error', `Cannot read the upstream's reply: ${error.message}`, {
      cause: error,
    });
  }
}

function eventsOf(reply: ChatReply): ChatEvent[] {
  const blocks = reply.blocks.flatMap((block, index): ChatEvent[] => {
    const end: ChatEvent = { kind: 'block-end', index };
    switch (block.kind) {
      case 'text':
      case 'refusal':
        return [
          { kind: 'block-start', index, block: { kind: block.kind } },
          { kind: 'text-delta', index, text: block.text },
          end,
        ];
      case 'thinking':
        return [
          { kind: 'block-start', index, block: { kind: 'thinking' } },
          { kind: 'text-delta', index, text: block.text },
          ...(block.seal ? [{ kind: 'seal', index, seal: block.seal } as const] : []),
          end,
        ];
      case 'tool-call': {
        const { id, name, arguments: json, seal } = block;
        return [
          { kind: 'block-start', index, block: { kind: 'tool-call', id, name } },
          { kind: 'arguments-delta', index, json },
          ...(seal ? [{ kind: 'seal', index, seal } as const] : []),
          end,
        ];
      }
      default:
        return [];
    }
  });
  const { id, usage, stop, stopSequence } = reply;
  return [{ kind: 'start', id, usage }, ...blocks, { kind: 'finish', stop, stopSequence, usage }];
}
