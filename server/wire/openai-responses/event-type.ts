// The type of a streamed event, without parsing it where that can be avoided.

import { parseJson, textAt } from '../json.ts';
import type { ServerSentEvent } from '../sse.ts';

/** From the `event:` line; compatible servers leave it out, and then it stands in the data. */
export function eventType({ event, data }: ServerSentEvent): string {
  if (event !== '' && event !== 'message') return event;
  if (!data.startsWith('{')) return '';
  const first = /^\{\s*"type"\s*:\s*"([\w.]+)"/.exec(data)?.[1];
  return first ?? textAt(parseJson(data), 'type') ?? '';
}
