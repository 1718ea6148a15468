// What the first run asks the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

export const STATE = graphql(`
  query StartState {
    accounts(first: 100) { nodes { id name demoFailure provider { name } } }
    apiKeys(first: 1, state: ACTIVE) { totalCount }
    requestLogs(first: 1) { nodes { id } }
  }
`);

export const TEST_ACCOUNT = graphql(`
  mutation StartTest($id: ID!) {
    testAccount(id: $id) {
      test { ok status latencyMs errorCode errorMessage model { name } }
      errors { code message }
    }
  }
`);

export const FIRST_REQUEST = graphql(`
  subscription StartFirstRequest($filter: RequestLogFilter) {
    requestLogged(filter: $filter) {
      id requestedModel status outcome latencyMs inputTokens cacheReadTokens apiKeyName account { name }
    }
  }
`);

export type Test = NonNullable<ResultOf<typeof TEST_ACCOUNT>['testAccount']['test']>;
export type FirstRequest = ResultOf<typeof FIRST_REQUEST>['requestLogged'];
