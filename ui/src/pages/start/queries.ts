// What the first run asks the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

export const STATE = graphql(`
  query StartState {
    accounts(first: 100) { nodes { id name demoFailure provider { mappings { model { name } } } } }
    apiKeys(first: 1, state: ACTIVE) { totalCount }
  }
`);

export const TEST_ACCOUNT = graphql(`
  mutation StartTest($id: ID!) {
    testAccount(id: $id) {
      test { ok status latencyMs errorCode errorMessage model { name } }
      errors { code message path problem min max detail }
    }
  }
`);

/** The account as it was added, with another credential. */
export const GIVE_CREDENTIAL = graphql(`
  mutation StartGiveCredential($id: ID!, $credential: String!) {
    updateAccount(id: $id, input: { credential: $credential }) { errors { code message path problem min max detail } }
  }
`);

export const FIRST_REQUEST = graphql(`
  subscription StartFirstRequest($filter: RequestLogFilter) {
    requestLogged(filter: $filter) {
      id requestedModel status outcome latencyMs account { name }
    }
  }
`);

/** What came while nobody listened: before the subscription ran, or while the tab was hidden behind a terminal. */
export const LATEST_REQUESTS = graphql(`
  query StartLatestRequests($filter: RequestLogFilter) {
    requestLogs(first: 20, filter: $filter) {
      nodes { id requestedModel status outcome latencyMs account { name } }
    }
  }
`);

export type Test = NonNullable<ResultOf<typeof TEST_ACCOUNT>['testAccount']['test']>;
export type FirstRequest = ResultOf<typeof FIRST_REQUEST>['requestLogged'];
