// Talks to a demo upstream as a test wants it: one call, parsed counts, prompts of exact size.

import {
  createDemoUpstream,
  DEMO_ANTHROPIC_BASE_URL,
  DEMO_OPENAI_BASE_URL,
  type DemoUpstream,
  type DemoUpstreamOptions,
} from '../../server/demo/upstream.ts';
import { ManualClock } from '../manual-clock.ts';

export function openDemo(options: Partial<DemoUpstreamOptions> = {}): {
  clock: ManualClock;
  upstream: DemoUpstream;
} {
  const clock = new ManualClock();
  return { clock, upstream: createDemoUpstream({ clock, latency: 0, ...options }) };
}

/** Text of exactly that many tokens, the same for the same label. */
export function textOf(tokens: number, label = 'x'): string {
  return `${label} `.repeat(tokens * 4).slice(0, tokens * 4);
}

export interface CallOptions {
  account?: string;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

export function callAnthropic(
  upstream: DemoUpstream,
  body: object,
  options: CallOptions = {},
): Promise<Response> {
  return upstream.fetch(`${DEMO_ANTHROPIC_BASE_URL}/v1/messages`, {
    method: 'POST',
    headers: { 'x-api-key': `demo-${options.account ?? 'anthropic-a'}`, ...options.headers },
    body: JSON.stringify({ model: 'claude-sonnet-4-5', max_tokens: 16, ...body }),
    signal: options.signal ?? null,
  });
}

export function callOpenAi(
  upstream: DemoUpstream,
  body: object,
  options: CallOptions = {},
): Promise<Response> {
  return upstream.fetch(`${DEMO_OPENAI_BASE_URL}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer demo-${options.account ?? 'openai-a'}`, ...options.headers },
    body: JSON.stringify({ model: 'gpt-5.2', max_completion_tokens: 16, ...body }),
    signal: options.signal ?? null,
  });
}

/** Counts of one Anthropic reply in short: plain input, read, five-minute and one-hour writes. */
export interface Counts {
  input: number;
  read: number;
  w5m: number;
  w1h: number;
}

export async function countAnthropic(
  upstream: DemoUpstream,
  body: object,
  options: CallOptions = {},
): Promise<Counts> {
  const response = await callAnthropic(upstream, body, options);
  const { usage } = JSON.parse(await response.text());
  const { ephemeral_5m_input_tokens: w5m, ephemeral_1h_input_tokens: w1h } = usage.cache_creation;
  if (usage.cache_creation_input_tokens !== w5m + w1h) throw new Error('Lifetimes do not add up');
  return { input: usage.input_tokens, read: usage.cache_read_input_tokens, w5m, w1h };
}

export async function countOpenAi(
  upstream: DemoUpstream,
  body: object,
  options: CallOptions = {},
): Promise<{ prompt: number; cached: number }> {
  const { usage } = JSON.parse(await (await callOpenAi(upstream, body, options)).text());
  return { prompt: usage.prompt_tokens, cached: usage.prompt_tokens_details.cached_tokens };
}

/** A text block, marked when a lifetime is given. */
export function block(text: string, ttl?: '5m' | '1h'): object {
  return { type: 'text', text, ...(ttl ? { cache_control: { type: 'ephemeral', ttl } } : {}) };
}

/** A one-message prompt of these blocks. */
export function prompt(...content: object[]): object {
  return { messages: [{ role: 'user', content }] };
}

/** The fields of a streamed event that tests look at. */
export interface StreamEvent {
  name: string | null;
  data: {
    type?: string;
    id?: string;
    message?: { usage: object };
    choices?: { delta: object; finish_reason: string | null }[];
    usage?: { completion_tokens: number } | null;
    error?: object;
  };
}

/** The events of a stream, `[DONE]` left out. */
export function eventsOf(stream: string): StreamEvent[] {
  return stream
    .split('\n\n')
    .filter((event) => event !== '' && event !== 'data: [DONE]')
    .map((event) => ({
      name: /^event: (.+)$/m.exec(event)?.[1] ?? null,
      data: JSON.parse(/^data: (.+)$/m.exec(event)?.[1] ?? 'null'),
    }));
}
