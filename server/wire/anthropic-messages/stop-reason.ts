// Why a reply ended, both ways. Source: Messages API reference, `stop_reason`.

import type { StopReason } from '../chat.ts';
import { entryOf, objectAt, textAt } from '../json.ts';

const NEUTRAL: Readonly<Record<string, StopReason>> = {
  end_turn: 'end',
  max_tokens: 'max-tokens',
  model_context_window_exceeded: 'max-tokens',
  stop_sequence: 'stop-sequence',
  tool_use: 'tool-calls',
  pause_turn: 'paused',
  refusal: 'refusal',
};

const NATIVE: Readonly<Record<StopReason, string>> = {
  end: 'end_turn',
  'max-tokens': 'max_tokens',
  'stop-sequence': 'stop_sequence',
  'tool-calls': 'tool_use',
  refusal: 'refusal',
  'content-filter': 'refusal',
  paused: 'pause_turn',
};

/** A reason that came later than this table ended the reply all the same. */
export function decodeStop(reason: string | null): StopReason {
  return (reason === null ? undefined : entryOf(NEUTRAL, reason)) ?? 'end';
}

/** `stop_reason`, `stop_sequence` and `stop_details`, in a reply as in a `message_delta`. */
export function encodeStop(stop: StopReason, stopSequence: string | null) {
  const reason = NATIVE[stop];
  return {
    stop_reason: reason,
    stop_sequence: stopSequence,
    stop_details: reason === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null,
  };
}

/** The explanation that comes with a refusal; `holder` is the message or the delta. */
export function refusalText(holder: unknown): string | null {
  const text = textAt(objectAt(holder, 'stop_details'), 'explanation');
  return text === '' ? null : text;
}
