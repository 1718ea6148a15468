// Rows of the request log as the admin API shows them.

import { type GatewayProcess, isRecord } from './gateway-process.ts';
import { eventually } from './poll.ts';

export type Row = Record<string, unknown>;

const FIELDS = `
  requestId status outcome errorCode errorMessage path surface streamed requestedModel upstreamModel apiKeyName
  sessionId affinity affinityReason inputTokens outputTokens reasoningTokens cacheReadTokens cacheWriteTokens
  cacheWrite5mTokens cacheWrite1hTokens usageSource
  account { name } provider { name } user { username }
  attempts { accountName status outcome reason }`;

/** The row of a request, once it is written. */
export function rowOf(gateway: GatewayProcess, requestId: string): Promise<Row> {
  return eventually(`the row of request ${requestId}`, async () => {
    const rows = await rowsOf(gateway);
    return rows.find((row) => row.requestId === requestId) ?? null;
  });
}

/** The newest rows, newest first. */
export async function rowsOf(gateway: GatewayProcess): Promise<Row[]> {
  const { requestLogs } = await gateway.query(`{ requestLogs(first: 200) { nodes { ${FIELDS} } } }`);
  if (!isRecord(requestLogs) || !Array.isArray(requestLogs.nodes))
    throw new Error('Cannot read the rows: no nodes');
  return requestLogs.nodes.filter(isRecord);
}

export async function rowCount(gateway: GatewayProcess): Promise<number> {
  const { requestLogs } = await gateway.query('{ requestLogs(first: 1) { totalCount } }');
  if (!isRecord(requestLogs) || typeof requestLogs.totalCount !== 'number') {
    throw new Error('Cannot count the rows: no total');
  }
  return requestLogs.totalCount;
}
