// How long a caller will wait for an account: its own word, its SDK's timeout, the profile's patience, the deadline. Pure.

import { PROFILES } from '../routing/contender.ts';
import type { RouteProfile } from './routing-settings.ts';

/** Of the time an SDK gives a request this much must be left to the upstream. */
const UPSTREAM_SHARE = 0.8;

/** Seconds; 0 = never wait, rather answer from a cold account. */
const MAX_WAIT_HEADER = 'x-warmpath-max-wait';
/** Seconds after which the official SDKs of Anthropic and OpenAI give a request up (the second one is Python's). */
const SDK_TIMEOUT_HEADERS = ['x-stainless-timeout', 'x-stainless-read-timeout'] as const;

/**
 * Milliseconds from now that all waits for an account may take together; 0 = none. A caller can shorten the wait that
 * the operator allows and never lengthen it. `elapsedMs` is the age of the request.
 */
export function patienceMs(
  headers: Headers,
  options: {
    profile: RouteProfile;
    /** As the settings state it; null = the profile's. */
    maxWaitSeconds: number | null;
    deadlineMs: number;
    elapsedMs: number;
  },
): number {
  const { profile, maxWaitSeconds, deadlineMs, elapsedMs } = options;
  const allowedMs = maxWaitSeconds === null ? PROFILES[profile].maxWaitMs : maxWaitSeconds * 1000;
  const statedMs = secondsAsMs(headers.get(MAX_WAIT_HEADER));
  const limits = [allowedMs, deadlineMs - elapsedMs];
  if (statedMs !== null) limits.push(statedMs);
  for (const name of SDK_TIMEOUT_HEADERS) {
    const timeoutMs = secondsAsMs(headers.get(name));
    // Some clients send 0 or -1 for "no timeout".
    if (timeoutMs !== null && timeoutMs > 0) limits.push(timeoutMs * (1 - UPSTREAM_SHARE) - elapsedMs);
  }
  return Math.max(0, Math.round(Math.min(...limits)));
}

/** Null = absent, or not a number of seconds. */
function secondsAsMs(text: string | null): number | null {
  if (text === null || !/^\s*\d+(\.\d+)?\s*$/.test(text)) return null;
  return Number(text) * 1000;
}
