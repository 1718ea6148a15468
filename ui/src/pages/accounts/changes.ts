// What the Accounts screen changes through the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';
import { ACCOUNT } from './queries.ts';

export const SET_PAUSED = graphql(
  `
  mutation SetAccountPaused($id: ID!, $paused: Boolean!) {
    setAccountPaused(id: $id, paused: $paused) { account { ...ListedAccount } errors { code message path problem min max detail } }
  }
`,
  [ACCOUNT],
);

export const RESET_HEALTH = graphql(
  `
  mutation ResetAccountHealth($id: ID!) {
    resetAccountHealth(id: $id) { account { ...ListedAccount } errors { code message path problem min max detail } }
  }
`,
  [ACCOUNT],
);

export const SET_DEMO_FAILURE = graphql(
  `
  mutation SetDemoFailure($id: ID!, $failure: DemoFailure!) {
    setDemoFailure(accountId: $id, failure: $failure) { account { ...ListedAccount } errors { code message path problem min max detail } }
  }
`,
  [ACCOUNT],
);

export const TEST_ACCOUNT = graphql(`
  mutation TestAccount($id: ID!, $modelId: ID) {
    testAccount(id: $id, modelId: $modelId) {
      test {
        ok status latencyMs timeToFirstTokenMs errorCode errorMessage
        model { name } endpoint { name } requestLog { id }
      }
      errors { code message path problem min max detail }
    }
  }
`);

export const UPDATE_PROVIDER = graphql(`
  mutation UpdateProvider($id: ID!, $input: UpdateProviderInput!) {
    updateProvider(id: $id, input: $input) { provider { id version name allowPrivateNetwork } errors { code message path problem min max detail } }
  }
`);

export const DELETE_PROVIDER = graphql(`
  mutation DeleteProvider($id: ID!) {
    deleteProvider(id: $id) { deletedId errors { code message path problem min max detail } }
  }
`);

export const UPDATE_ENDPOINT = graphql(`
  mutation UpdateEndpoint($id: ID!, $input: UpdateEndpointInput!) {
    updateEndpoint(id: $id, input: $input) { endpoint { id version name surface baseUrl } errors { code message path problem min max detail } }
  }
`);

export const DELETE_ENDPOINT = graphql(`
  mutation DeleteEndpoint($id: ID!) {
    deleteEndpoint(id: $id) { deletedId errors { code message path problem min max detail } }
  }
`);

export const UPDATE_ACCOUNT = graphql(
  `
  mutation UpdateAccount($id: ID!, $input: UpdateAccountInput!) {
    updateAccount(id: $id, input: $input) { account { ...ListedAccount } errors { code message path problem min max detail } }
  }
`,
  [ACCOUNT],
);

export const DELETE_ACCOUNT = graphql(`
  mutation DeleteAccount($id: ID!) {
    deleteAccount(id: $id) { deletedId errors { code message path problem min max detail } }
  }
`);

export const DELETE_MAPPING = graphql(`
  mutation DeleteModelMapping($id: ID!) {
    deleteModelMapping(id: $id) { deletedId errors { code message path problem min max detail } }
  }
`);

export type AccountTest = NonNullable<ResultOf<typeof TEST_ACCOUNT>['testAccount']['test']>;
