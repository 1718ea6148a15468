// What the tests ask of every SDK, and what they look at in its answers.

export interface Ask {
  model: string;
  prompt: string;
  isStreamed: boolean;
  /** Beside the prompt, or instead of what a plain request says. */
  extra?: readonly ('tools' | 'image' | 'schema' | 'thoughts')[];
  headers?: Record<string, string>;
}

/** One answer, told alike for all SDKs. */
export interface Seen {
  text: string;
  thought: string;
  calls: { name: string; args: unknown }[];
  stop: unknown;
  usage: { input: number; output: number; cached: number };
}

export interface SdkClient {
  name: string;
  showsThoughts: boolean;
  /** The word for an answer that ended by itself, one that ended with calls, and one that was cut. */
  stops: { end: unknown; calls: unknown; cut: unknown };
  /** Asks, answers every call of a tool, and asks again until there are none: every answer in order. */
  converse(ask: Ask): Promise<Seen[]>;
  /** Streams until the first words have come, then hangs up; gives these words. */
  hangUp(ask: Ask): Promise<string>;
  /** The class and status of the error for each status of the provider. */
  errors: Record<400 | 429 | 503, new (...parts: never) => Error>;
}

export const TOOL = {
  name: 'get_weather',
  description: 'Looks up the weather.',
  schema: {
    type: 'object',
    properties: { city: { type: 'string' }, note: { type: 'string' } },
    required: ['city'],
  },
} as const;

export const PERSON_SCHEMA = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer' } },
  required: ['name', 'age'],
  additionalProperties: false,
} as const;

/** The tool itself. */
export function weather(args: unknown): string {
  const city = typeof args === 'object' && args !== null && 'city' in args ? String(args.city) : '?';
  return `${city} has 20°`;
}

/** A conversation of one SDK: `turn` asks and appends the answer, `answerCalls` appends what the tools gave. */
export async function conversation(steps: {
  turn: () => Promise<Seen>;
  answerCalls: () => void;
}): Promise<Seen[]> {
  const seen = [await steps.turn()];
  while (seen.at(-1)?.calls.length && seen.length < 4) {
    steps.answerCalls();
    seen.push(await steps.turn());
  }
  return seen;
}
