// Follows a streamed chat completion on the straight path: usage, errors, its end. Parses as few chunks as it can.

import type { StreamWatch, UpstreamError } from '../dialect.ts';
import { isObject, type JsonObject, listAt, objectAt, parseJson, textAt } from '../json.ts';
import type { ServerSentEvent } from '../sse.ts';
import { UsageTally } from '../usage.ts';
import { brokenStop, readError } from './errors.ts';
import { readUsage } from './usage.ts';

/**
 * Once the answer is under way only a chunk with one of these can change what is known. Inside text the quotes would be
 * escaped, so this never matches what the model says.
 */
const NOTEWORTHY = /"(?:usage|error|finish_reason)"\s*:\s*[{"]/;

export class ChatStreamWatch implements StreamWatch {
  readonly tally = new UsageTally(readUsage);
  readonly pins: readonly string[] = [];
  hasGenerated = false;
  isComplete = false;
  error: UpstreamError | null = null;
  parseErrors = 0;

  see(event: ServerSentEvent): void {
    const { data } = event;
    if (data === '[DONE]') {
      this.isComplete = true;
      if (this.error === null) this.hasGenerated = true;
      return;
    }
    if (this.hasGenerated && !NOTEWORTHY.test(data) && data.startsWith('{') && data.endsWith('}')) return;
    const chunk = parseJson(data);
    if (chunk === undefined) this.parseErrors += 1;
    if (isObject(chunk)) this.#chunk(chunk);
  }

  #chunk(chunk: JsonObject): void {
    this.error ??= readError(chunk, null);
    for (const usage of usagesIn(chunk)) this.tally.see(usage);
    for (const choice of listAt(chunk, 'choices')) this.#choice(choice);
  }

  #choice(choice: unknown): void {
    if (Object.entries(objectAt(choice, 'delta')).some(isContent)) this.hasGenerated = true;
    const finish = textAt(choice, 'finish_reason');
    this.error ??= brokenStop(finish);
    // Compatible servers may leave out [DONE]; a finish reason is as good an end, unless it only announces the error.
    if (finish === null || this.error !== null) return;
    this.isComplete = true;
    this.hasGenerated = true;
  }
}

/** A chunk's usage objects: in the usual place, in Groq's `x_groq`, and in Moonshot's last choice. */
export function usagesIn(chunk: JsonObject): unknown[] {
  const places = [chunk, objectAt(chunk, 'x_groq'), ...listAt(chunk, 'choices')];
  return places.map((place) => (isObject(place) ? place.usage : undefined)).filter(isObject);
}

function isContent([field, value]: [string, unknown]): boolean {
  if (field === 'role' || value === null || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return !isObject(value) || Object.keys(value).length > 0;
}
