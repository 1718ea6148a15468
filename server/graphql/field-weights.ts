// What a field costs beyond the values it answers with: the work of the database or of the processor behind it.

/**
 * In units of `cost` (one value of an answer), by `Type.field`. A question that reads many rows of the log is worth as much
 * as the pages one could read instead: 5,000 for sums the log keeps, 20,000 for what goes through rows.
 */
export const FIELD_WEIGHTS: Readonly<Record<string, number>> = {
  'Query.requestLogStats': 5_000,
  'Query.requestGroups': 5_000,
  'Query.requestSeries': 10_000,
  'Query.accountHealthSeries': 10_000,
  'Query.cacheMissAnalysis': 20_000,
  'Query.ttlAnalysis': 20_000,
  'Query.cacheHitAnalysis': 20_000,
  'Query.intervalTimeline': 20_000,
  'Query.replayPolicy': 40_000,
  'RequestLogConnection.totalCount': 2_000,
  'AuditEntryConnection.totalCount': 500,
  // Up to 50,000 points, however often they are asked for under other names.
  'IntervalTimeline.points': 10_000,
  'IntervalTimeline.columns': 5_000,
  // Of each row: a record of its own is read.
  'RequestLog.bodies': 20,
  'RequestLog.sessionNeighbours': 100,
};
