// Why a Gemini model stopped, both ways.

import type { StopReason } from '../chat.ts';

/**
 * The neutral reason. Whatever is not a plain end was withheld by a filter, but for calls that came out broken: those
 * end the turn with what there is. Source: Gemini API reference, "FinishReason".
 */
export function decodeStop(reason: string | null, hasCalls: boolean): StopReason {
  switch (reason) {
    case null:
    case 'FINISH_REASON_UNSPECIFIED':
    case 'STOP':
    case 'MALFORMED_FUNCTION_CALL':
    case 'MALFORMED_RESPONSE':
    case 'UNEXPECTED_TOOL_CALL':
    case 'TOO_MANY_TOOL_CALLS':
      return hasCalls ? 'tool-calls' : 'end';
    case 'MAX_TOKENS':
    case 'CONTINUATION':
      return 'max-tokens';
    default:
      return 'content-filter';
  }
}

/** `hasBrokenCall`: a call was left out because its arguments were no JSON object. */
export function encodeStop(stop: StopReason, hasBrokenCall: boolean): string {
  switch (stop) {
    case 'end':
    case 'stop-sequence':
    case 'tool-calls':
    case 'paused':
      return hasBrokenCall ? 'MALFORMED_FUNCTION_CALL' : 'STOP';
    case 'max-tokens':
      return 'MAX_TOKENS';
    case 'refusal':
    case 'content-filter':
      return 'SAFETY';
    default:
      return stop satisfies never;
  }
}
