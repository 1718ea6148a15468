// Documents to begin with; each one is checked against the schema by a test.

import type { MessageKey } from '../../lib/messages.ts';

export interface Example {
  name: string;
  title: MessageKey & `explorer.example.${string}`;
  query: string;
  variables?: Record<string, unknown>;
}

export const EXAMPLES: readonly Example[] = [
  {
    name: 'savings',
    title: 'explorer.example.savings',
    query: `query Savings($hours: Int) {
  cacheHitAnalysis(hours: $hours) {
    tokenCacheHitRate
    estimatedSavingsUsd
    byModel {
      model
      totalRequests
      tokenCacheHitRate
      estimatedSavingsUsd
    }
  }
}`,
    variables: { hours: 24 },
  },
  {
    name: 'misses',
    title: 'explorer.example.misses',
    query: `{
  cacheMissAnalysis {
    totalColdTokens
    totalCostUsd
    causes { cause tokens requests costUsd }
  }
}`,
  },
  {
    name: 'requests',
    title: 'explorer.example.requests',
    query: `query Failed($first: Int, $filter: RequestLogFilter) {
  requestLogs(first: $first, filter: $filter) {
    nodes {
      startedAt requestedModel status errorCode errorMessage
      account { name }
      attempts { accountName outcome fault status durationMs }
    }
    pageInfo { hasNextPage endCursor }
  }
}`,
    variables: { first: 10, filter: { outcome: 'FAILED' } },
  },
  {
    name: 'series',
    title: 'explorer.example.series',
    query: `{
  requestSeries(bucketSeconds: 3600) {
    from total failed costUsd savedUsd tokenCacheHitRate
    timeToFirstTokenMs { p50 p95 }
  }
}`,
  },
  {
    name: 'affinities',
    title: 'explorer.example.affinities',
    query: `{
  affinities(first: 20, orderBy: WARM_TOKENS_DESC) {
    totalCount
    nodes { sessionId warmTokens expiresAt apiKey { name } model { name } account { name } }
  }
}`,
  },
  {
    name: 'ttl',
    title: 'explorer.example.ttl',
    query: `{
  ttlAnalysis(hours: 168, groupBy: API_KEY) {
    users {
      name requestCount recommendedTtlMinutes recommendationReason
      advice { cheapest per1000Requests { fiveMinutesUsd oneHourUsd keepWarmUsd } }
    }
  }
}`,
  },
  {
    name: 'accounts',
    title: 'explorer.example.accounts',
    query: `{
  accounts {
    nodes {
      name state stateReason inFlight currentLimit cooldownUntil
      provider { name }
      reservation { phase ratio newcomerSlots reason }
      rateLimits { name utilization remaining limit resetAt }
    }
  }
}`,
  },
  {
    name: 'explain',
    title: 'explorer.example.explain',
    query: `query Explain($input: ExplainRouteInput!) {
  explainRoute(input: $input) {
    decision reason expectedWarmTokens
    account { name }
    route { policy profile considered { accountName state warmTokens waitMs } }
    errors { code message }
  }
}`,
    variables: { input: { model: 'claude-sonnet-5', surface: 'ANTHROPIC_MESSAGES' } },
  },
  {
    name: 'own',
    title: 'explorer.example.own',
    query: `{
  session { role name }
  requestLogStats {
    total failed
    tokenCacheHitRate costUsd savedUsd
  }
  requestLogs(first: 5) {
    nodes { startedAt requestedModel status costUsd }
  }
}`,
  },
  {
    name: 'live',
    title: 'explorer.example.live',
    query: `subscription Live {
  requestLogged {
    startedAt requestedModel status
    affinity missCause savedUsd
    account { name }
  }
}`,
  },
  {
    name: 'pause',
    title: 'explorer.example.pause',
    query: `mutation Pause($id: ID!) {
  setAccountPaused(id: $id, paused: true) {
    account { name state }
    errors { code message }
  }
}`,
    variables: { id: '' },
  },
];
