// What a kept body holds, for looking at it as a tree: one JSON value, or the events of a stream. Pure.

import { type Json, parsedJson } from '../../../lib/json.ts';

/** Undefined when it is neither. The data of a stream's events that is no JSON, such as `[DONE]`, stays text. */
export function treeOf(text: string): Json | undefined {
  const whole = parsedJson(text);
  if (whole !== undefined) return whole;
  if (!/^(event|data|id|retry|:)/.test(text)) return undefined;
  const events = text
    .split(/\r?\n\r?\n/)
    .map(dataOf)
    .filter((data) => data !== '');
  return events.length === 0 ? undefined : events.map((data) => parsedJson(data) ?? data);
}

function dataOf(block: string): string {
  return block
    .split(/\r?\n/)
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trimStart())
    .join('\n');
}
