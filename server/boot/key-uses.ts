// When each API key was used last, as the request log has it: read once at the start, kept by the counts of keys from then on.

import type { RequestLog } from '../gateway/log-queries.ts';
import type { GatewayParts } from '../gateway/parts.ts';
import { errorFields, logEvent } from './log.ts';

/**
 * Asks the log for the newest request of each key that has not been seen since the start: one look into an index each,
 * one after the other, so that nobody waits for it. Never rejects.
 */
export async function recallUses(
  { keyUsage, catalog }: Pick<GatewayParts, 'keyUsage' | 'catalog'>,
  log: Pick<RequestLog, 'page'>,
): Promise<void> {
  try {
    for (const { id } of catalog().rows.apiKeys) {
      if (keyUsage.look(id).lastUsedAtMs !== null) continue;
      const filter = { apiKeyId: id, isKeepWarm: false };
      const [newest] = (await log.page(filter, { limit: 1, after: null })).rows;
      if (newest) keyUsage.usedAt(id, newest.startedAtMs);
    }
  } catch (error) {
    logEvent('error', 'key-uses-not-recalled', errorFields(error));
  }
}
