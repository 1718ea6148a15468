// Providers of all dialects in one HTTP server, written from their references: a second opinion on what goes over the wire.

import { TestUpstream, type UpstreamCall } from '../process/test-upstream.ts';
import { anthropic } from './emulator/anthropic.ts';
import { chat } from './emulator/chat.ts';
import { gemini } from './emulator/gemini.ts';
import { responses } from './emulator/responses.ts';
import {
  answerTo,
  bodyOf,
  isObject,
  type Json,
  Misuse,
  type Provider,
  REFUSED,
  scenarioOf,
} from './emulator/scenario.ts';

/** What a provider asks to wait after a 429. */
const WAIT_SECONDS = 7;
/** What the counters of tokens say. */
export const COUNTED = 42;
export const VECTOR = [0.25, -0.5, 1];

export function openEmulator(): Promise<TestUpstream> {
  return TestUpstream.listen(serve);
}

function serve(call: UpstreamCall): Promise<void> | void {
  const side = sideOperation(call);
  if (side) return call.reply(200, side);
  const provider = providerOf(call.path);
  if (!provider) return call.reply(404, { error: { message: `there is no ${call.path}` } });
  return generate(call, provider);
}

function providerOf(path: string): Provider | null {
  if (path.startsWith('/v1/messages')) return anthropic;
  if (path.startsWith('/v1/chat/')) return chat;
  if (path.startsWith('/v1/responses')) return responses;
  return path.startsWith('/v1beta/') ? gemini : null;
}

async function generate(call: UpstreamCall, provider: Provider): Promise<void> {
  const scenario = scenarioOf(call);
  try {
    const asked = provider.read(call);
    if (scenario === 'bad-request' || scenario === 'rate-limited' || scenario === 'overloaded') {
      const { status, body } = provider.refusal(scenario, REFUSED);
      call.reply(status, body, status === 429 ? { 'retry-after': String(WAIT_SECONDS) } : {});
      return;
    }
    const answer = answerTo(scenario, asked);
    if (!asked.isStreamed) return call.reply(200, provider.whole(answer, asked));
    call.begin(200, { 'content-type': 'text/event-stream' });
    for (const event of provider.stream(answer, asked)) {
      call.write(event);
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!answer.isSlow) call.end();
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    const { status, body } = provider.refusal('bad-request', `Misuse: ${error.message}`);
    call.reply(status, body);
  }
}

/** Counting and embedding. */
function sideOperation(call: UpstreamCall): Json | null {
  const path = call.path.split('?')[0] ?? '';
  if (path === '/v1/messages/count_tokens') return { input_tokens: COUNTED };
  if (path === '/v1/embeddings') return embeddings(bodyOf(call));
  const method = /^\/v1beta\/models\/[^/:]+:(\w+)$/.exec(path)?.[1];
  if (method === 'countTokens') return { totalTokens: COUNTED };
  if (method === 'embedContent') return { embedding: { values: VECTOR } };
  if (method !== 'batchEmbedContents') return null;
  const { requests } = bodyOf(call);
  return {
    embeddings: Array.isArray(requests) ? requests.filter(isObject).map(() => ({ values: VECTOR })) : [],
  };
}

function embeddings({ input, model, encoding_format: format }: Json): Json {
  const bytes = Buffer.from(new Float32Array(VECTOR).buffer);
  const embedding = format === 'base64' ? bytes.toString('base64') : VECTOR;
  const inputs = Array.isArray(input) ? input : [input];
  return {
    object: 'list',
    data: inputs.map((_text, index) => ({ object: 'embedding', index, embedding })),
    model,
    usage: { prompt_tokens: 8, total_tokens: 8 },
  };
}
