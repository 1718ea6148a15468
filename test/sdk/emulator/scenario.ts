// What the pretended models answer, whatever the dialect: chosen by a word in the conversation.

import type { UpstreamCall } from '../../process/test-upstream.ts';

export type Json = Readonly<Record<string, unknown>>;

const SCENARIOS = [
  'text',
  'one-tool',
  'two-tools',
  'image',
  'think',
  'think-tool',
  'json',
  'cut',
  'slow',
  'bad-request',
  'rate-limited',
  'overloaded',
] as const;
export type Scenario = (typeof SCENARIOS)[number];

/** A request as its provider understands it. */
export interface Asked {
  model: string;
  isStreamed: boolean;
  /** Results of the calls of the last answer, in the order of those calls. */
  results: string[];
  /** The first picture of the conversation. */
  image: { mediaType: string; base64: string } | null;
  /** The JSON Schema that the answer has to follow. */
  schema: unknown;
  wantsThoughts: boolean;
  toolNames: string[];
}

export interface Answer {
  thought: string;
  text: string;
  calls: { name: string; args: Json }[];
  stop: 'end' | 'calls' | 'cut';
  /** Pauses for good after the first words. */
  isSlow: boolean;
}

export type Refusal = 'bad-request' | 'rate-limited' | 'overloaded';

/** One provider's API. */
export interface Provider {
  /** Throws Misuse where the provider would answer 400. */
  read(call: UpstreamCall): Asked;
  whole(answer: Answer, asked: Asked): Json;
  /** Whole events, one after the other; each is written on its own. */
  stream(answer: Answer, asked: Asked): string[];
  refusal(kind: Refusal, message: string): { status: number; body: Json };
}

/** The request breaks a rule of the provider's API. */
export class Misuse extends Error {}

export function insist(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new Misuse(rule);
}

/** Counts of every answer, each provider's sum of them: 1,200 read, of which 1,000 from the cache; 50 written. */
export const COUNTS = { input: 1200, cached: 1000, output: 50, thoughts: 20 } as const;
/** A picture of one pixel. */
export const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
export const HELLO = 'Grüße, 世界 👋\n"quoted" \\ and done.';
export const PERSON = '{"name":"Ada","age":36}';
export const THOUGHT = 'First I look, then I count.';
export const REFUSED = 'The pretended provider says no: "zażółć"';

export function scenarioOf(call: UpstreamCall): Scenario {
  const word = [...call.body.toString().matchAll(/scenario:([a-z-]+)/g)].at(-1)?.[1];
  return SCENARIOS.find((scenario) => scenario === word) ?? 'text';
}

export function answerTo(scenario: Exclude<Scenario, Refusal>, asked: Asked): Answer {
  const base: Answer = { thought: '', text: HELLO, calls: [], stop: 'end', isSlow: false };
  const lookups = (...cities: string[]): Answer => {
    if (asked.results.length > 0) return { ...base, text: `I know: ${asked.results.join(' and ')}` };
    insist(asked.toolNames.includes('get_weather'), 'get_weather must be among the tools');
    const calls = cities.map((city) => ({ name: 'get_weather', args: { city, note: `say "${city}"` } }));
    return { ...base, text: 'Let me look.', calls, stop: 'calls' };
  };
  switch (scenario) {
    case 'text':
      return base;
    case 'one-tool':
      return lookups('Paris');
    case 'two-tools':
      return lookups('Paris', 'Oslo');
    case 'image': {
      const { mediaType, base64 } = asked.image ?? { mediaType: 'nothing', base64: '' };
      return { ...base, text: `${mediaType}, ${Buffer.from(base64, 'base64').length} bytes` };
    }
    case 'think':
      insist(asked.wantsThoughts, 'the request must ask for thoughts');
      return { ...base, thought: THOUGHT };
    case 'think-tool':
      // Without the thoughts of the turn so far some models cannot be asked for more.
      insist(asked.wantsThoughts || asked.results.length > 0, 'the request must ask for thoughts');
      return asked.results.length > 0 ? lookups() : { ...lookups('Paris'), thought: THOUGHT };
    case 'json':
      insist(JSON.stringify(asked.schema ?? null).includes('"age"'), 'the request must hold the schema');
      return { ...base, text: PERSON };
    case 'cut':
      return { ...base, text: 'Once upon', stop: 'cut' };
    case 'slow':
      return { ...base, isSlow: true };
    default:
      return scenario satisfies never;
  }
}

/** A text in pieces that cut words and characters of several bytes apart. */
export function pieces(text: string): string[] {
  return text.match(/.{1,7}/gsu) ?? [];
}

export function sse(data: unknown, event = ''): string {
  const name = event === '' ? '' : `event: ${event}\n`;
  return `${name}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
}

export function bodyOf(call: UpstreamCall): Json {
  const body: unknown = JSON.parse(call.body.toString());
  return object(body, 'the body');
}

export function object(value: unknown, what: string): Json {
  insist(isObject(value), `${what} must be an object`);
  return value;
}

export function objects(value: unknown, what: string): Json[] {
  insist(Array.isArray(value), `${what} must be a list`);
  return value.map((item) => object(item, `an item of ${what}`));
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function string(value: unknown, what: string): string {
  insist(typeof value === 'string', `${what} must be a string`);
  return value;
}
