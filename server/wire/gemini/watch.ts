// Follows a streamed Gemini reply on the straight path, parsing only the events that can change what is known.

import type { StreamWatch, UpstreamError } from '../dialect.ts';
import { isObject, type JsonObject, listAt, objectAt, parseJson, textAt } from '../json.ts';
import type { ServerSentEvent } from '../sse.ts';
import { UsageTally } from '../usage.ts';
import { readGeminiError } from './error.ts';
import { readSignature } from './part.ts';
import { geminiUsage } from './usage.ts';

/** Most signatures remembered of one reply; clients send them all back, and the latest is looked up. */
const MAX_PINS = 64;

export class GeminiStreamWatch implements StreamWatch {
  readonly #tally = new UsageTally(geminiUsage);
  readonly #pins: string[] = [];
  /** The latest event with a usage snapshot that was not worth parsing at its time; a later one takes its place. */
  #pendingUsage: string | null = null;
  hasGenerated = false;
  isComplete = false;
  error: UpstreamError | null = null;
  parseErrors = 0;

  /** Every chunk carries the usage so far: only the latest is parsed, when somebody asks. */
  get tally(): UsageTally {
    if (this.#pendingUsage !== null) this.#seeUsage(parseJson(this.#pendingUsage));
    this.#pendingUsage = null;
    return this.#tally;
  }

  get pins(): readonly string[] {
    return this.#pins;
  }

  see({ data }: ServerSentEvent): void {
    if (this.hasGenerated && !mayMatter(data)) {
      if (!looksWhole(data)) this.parseErrors += 1;
      else if (data.includes('"usageMetadata"')) this.#pendingUsage = data;
      return;
    }
    const chunk = parseJson(data);
    if (chunk === undefined) this.parseErrors += 1;
    this.error ??= readGeminiError(chunk, null);
    if (isObject(chunk)) this.#read(chunk);
  }

  #read(chunk: JsonObject): void {
    if (isObject(chunk.usageMetadata)) {
      this.#pendingUsage = null;
      this.#seeUsage(chunk);
    }
    if (textAt(chunk.promptFeedback, 'blockReason') !== null) this.#complete();
    for (const candidate of listAt(chunk, 'candidates')) {
      if (isFinished(candidate)) this.#complete();
      for (const part of listAt(objectAt(candidate, 'content'), 'parts')) this.#part(part);
    }
  }

  #part(part: unknown): void {
    if (!isObject(part)) return;
    const isEmpty = Object.entries(part).every(([field, value]) => field === 'thought' || value === '');
    if (!isEmpty) this.hasGenerated = true;
    const signature = readSignature(part);
    if (signature === null) return;
    this.#pins.push(signature);
    if (this.#pins.length > MAX_PINS) this.#pins.shift();
  }

  #complete(): void {
    this.isComplete = true;
    this.hasGenerated = true;
  }

  #seeUsage(chunk: unknown): void {
    if (isObject(chunk)) this.#tally.see(chunk.usageMetadata);
  }
}

/** Once the answer is under way only these can change what is known. Quotes inside texts are escaped and do not match. */
function mayMatter(data: string): boolean {
  return (
    data.includes('"finishReason"') ||
    data.includes('"thoughtSignature"') ||
    data.includes('"error"') ||
    data.includes('"blockReason"')
  );
}

function looksWhole(data: string): boolean {
  return data.startsWith('{') && data.endsWith('}');
}

function isFinished(candidate: unknown): boolean {
  const reason = textAt(candidate, 'finishReason');
  return reason !== null && reason !== 'FINISH_REASON_UNSPECIFIED';
}
