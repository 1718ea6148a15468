// What the routing lab asks the API.

import { graphql, type ResultOf, type VariablesOf } from '../../lib/graphql.ts';

export const CHOICES = graphql(`
  query LabChoices {
    models(first: 100) { nodes { id name } }
    apiKeys(first: 100, state: ACTIVE) { nodes { id name } }
  }
`);

export const EXPLAIN = graphql(`
  query ExplainRoute($input: ExplainRouteInput!) {
    explainRoute(input: $input) {
      decision reason reasonCode retryAfterSeconds expectedWarmTokens
      account { id name provider { name } }
      boundAccount { id name }
      model { id name }
      errors { code message path problem min max detail }
      route {
        policy profile promptTokens isUnpriced
        considered {
          accountName state warmTokens waitMs
          account { id }
          cost { missUsd readUsd waitUsd loadUsd failureUsd othersUsd headroomUsd totalUsd }
        }
      }
    }
  }
`);

export const REPLAY = graphql(`
  query ReplayPolicies($input: ReplayPolicyInput!) {
    replayPolicy(input: $input) {
      requests accounts ceilingHitRate from to truncated ttlSeconds unpricedRequests
      recorded { requests hitRate costUsd savedUsd accounts }
      policies {
        policy hitRate shareOfCeiling costUsd savedUsd meanTimeToFirstTokenMs p95TimeToFirstTokenMs p95WaitMs
        movedRequests borrowedRequests rejectedShare imbalance slots
      }
    }
  }
`);

export type Explanation = ResultOf<typeof EXPLAIN>['explainRoute'];
export type Considered = NonNullable<Explanation['route']>['considered'][number];
export type ExplainInput = VariablesOf<typeof EXPLAIN>['input'];
export type Replay = ResultOf<typeof REPLAY>['replayPolicy'];
export type ReplayedPolicy = Replay['policies'][number];
export type ReplayInput = VariablesOf<typeof REPLAY>['input'];
