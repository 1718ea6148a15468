// The period that an analysis looks at: so many hours up to now, perhaps of one user or API key.

import type { IntervalFilter } from '../gateway/log-queries.ts';
import { badInput } from './builder.ts';
import { rawId } from './global-id.ts';

const MAX_HOURS = 720;
export const HOURS_DESCRIPTION = `Length of the period in hours up to now, 1 to ${MAX_HOURS}. Requests of the period are those that started in it, \`[now - hours, now)\`.`;

/** Both filters together; ids may be global ones. */
export function analysisWindow(
  nowMs: number,
  {
    hours,
    userId,
    apiKeyId,
  }: { hours: number; userId?: string | null | undefined; apiKeyId?: string | null | undefined },
): IntervalFilter {
  if (hours < 1 || hours > MAX_HOURS) throw badInput(`Cannot analyse: hours must be 1 to ${MAX_HOURS}`);
  return {
    fromMs: nowMs - hours * 3_600_000,
    toMs: nowMs,
    ...(userId != null && { userId: rawId('User', userId) }),
    ...(apiKeyId != null && { apiKeyId: rawId('ApiKey', apiKeyId) }),
  };
}
