// Modes that begin a stream and spoil it: errors inside it, silence, malformed events, one byte at a time, absurd usage.

import { type ChatSurface, SAMPLES } from './samples.ts';
import { nativeError } from './status-modes.ts';
import type { Mode, UpstreamCall } from './upstream-call.ts';

export const STREAM_MODES: Readonly<Record<string, Mode>> = {
  /** Begins to answer; the test goes on. */
  half: (call) => call.answerHalf(),
  /** Begins, but nothing of the answer itself comes. */
  'stall-before-answer': (call) => {
    const { events, firstGenerated } = SAMPLES[call.surface];
    call.beginStream();
    for (const event of events.slice(0, firstGenerated)) call.chunk(event);
  },
  /** 200, and then the first thing said is an error. */
  'error-first': (call, [type = 'overloaded_error']) => {
    const { events, firstGenerated } = SAMPLES[call.surface];
    call.stream([...events.slice(0, firstGenerated), errorEventOf(call.surface, type)]);
  },
  'error-later': (call, [type = 'overloaded_error']) => {
    const { events, half } = SAMPLES[call.surface];
    call.stream([...events.slice(0, half), errorEventOf(call.surface, type)]);
  },
  malformed: (call, [kind = '']) => {
    const { events } = SAMPLES[call.surface];
    call.stream(events.flatMap((event, index) => MALFORMED[kind]?.(event, index) ?? [event]));
  },
  /** Every byte in a write of its own, in one of the ways that the format allows. */
  drip: (call, [form = 'lf']) => drip(call, form),
  absurd: (call, [kind = '']) => {
    const events = SAMPLES[call.surface].events.map((event) => withCount(event, kind));
    if (call.isStreamed) call.stream(events);
    else call.reply(200, withCount(SAMPLES[call.surface].whole, kind));
  },
};

const ERROR_STATUS: Readonly<Record<string, number>> = {
  overloaded_error: 529,
  rate_limit_error: 429,
  api_error: 500,
};

const GEMINI_ERRORS: Readonly<Record<string, { status: number; geminiStatus: string }>> = {
  overloaded_error: { status: 503, geminiStatus: 'UNAVAILABLE' },
  rate_limit_error: { status: 429, geminiStatus: 'RESOURCE_EXHAUSTED' },
  api_error: { status: 500, geminiStatus: 'INTERNAL' },
};

/** An error as it comes inside a stream. */
function errorEventOf(surface: ChatSurface, type: string): string {
  const status = ERROR_STATUS[type] ?? 500;
  const message = 'Something went wrong in the stream';
  switch (surface) {
    case 'anthropic-messages':
      return `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type, message } })}\n\n`;
    case 'openai-responses':
      return `event: response.failed\ndata: ${JSON.stringify({
        type: 'response.failed',
        sequence_number: 4,
        response: {
          id: 'resp_Test',
          object: 'response',
          status: 'failed',
          error: { code: responsesCode(type), message },
        },
      })}\n\n`;
    default:
      return `data: ${nativeError(surface, {
        status,
        message,
        type,
        ...(surface === 'gemini' ? GEMINI_ERRORS[type] : {}),
      })}\n\n`;
  }
}

function responsesCode(type: string): string {
  return type === 'rate_limit_error' ? 'rate_limit_exceeded' : 'server_error';
}

/** What becomes of each event of a good stream. */
const MALFORMED: Readonly<Record<string, (event: string, index: number) => string[]>> = {
  'bad-json': (event, index) => (index === 0 ? [event.replace(/\}+\s*$/, '\n\n')] : [event]),
  /** No event that holds token counts can be read. */
  'bad-usage': (event) => [event.includes('_tokens"') ? event.replace(/\}+\s*$/, '\n\n') : event],
  'no-json': (event, index) => (index === 1 ? ['data: <html>no json</html>\n\n', event] : [event]),
  'unknown-lines': (event) => [`id: 7\nretry: 3000\nfoo: bar\nno colon at all\n${event}`],
  'null-data': (event, index) => (index === 1 ? ['data: null\n\ndata:\n\ndata: []\n\n', event] : [event]),
};

const FORMS: Readonly<Record<string, (events: readonly string[]) => string>> = {
  lf: (events) => unixLines(events),
  crlf: (events) => unixLines(events).replaceAll('\n', '\r\n'),
  cr: (events) => unixLines(events).replaceAll('\n', '\r'),
  bom: (events) => `\uFEFF${unixLines(events)}`,
  comments: (events) => unixLines(events.map((event) => `: a comment, 世界\n${event}: another\n\n`)),
  multiline: (events) => unixLines(events.map((event) => event.replaceAll(',"', ',\ndata: "'))),
};

/** The bytes of a good stream in one of the forms. */
export function streamInForm(surface: ChatSurface, form: string): string {
  return FORMS[form]?.(SAMPLES[surface].events) ?? '';
}

function unixLines(events: readonly string[]): string {
  return events.join('').replaceAll('\r\n', '\n');
}

async function drip(call: UpstreamCall, form: string): Promise<void> {
  call.beginStream();
  for (const byte of Buffer.from(streamInForm(call.surface, form))) {
    call.chunk(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  call.endChunks();
}

const ABSURD: Readonly<Record<string, string>> = {
  huge: '1000000000000000000',
  negative: '-5',
  text: '"NaN"',
  exponent: '1e400',
  fraction: '0.5',
};

/** Replaces the counts of all input; `missing` takes all usage away. */
function withCount(text: string, kind: string): string {
  if (kind !== 'missing') {
    return text.replace(/"(input_tokens|prompt_tokens|promptTokenCount)":\d+/g, `"$1":${ABSURD[kind]}`);
  }
  const json = /\{.*\}/.exec(text)?.[0];
  return json === undefined ? text : text.replace(json, () => JSON.stringify(JSON.parse(json), withoutUsage));
}

function withoutUsage(key: string, value: unknown): unknown {
  return key === 'usage' || key === 'usageMetadata' ? undefined : value;
}
