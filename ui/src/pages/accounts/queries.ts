// What the Accounts screen asks the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

const ACCOUNT = graphql(`
  fragment Account on Account {
    id name weight maxConcurrent cacheTtlMinutes rateMultiplier usdPerCredit cacheDomain unboundOrigins
    paused state stateReason cooldownUntil inFlight currentLimit bindingCount credentialLast4 credentialFingerprint demoFailure
    provider { id name }
  }
`);

export const PROVIDERS = graphql(
  `
  query Providers {
    providers(first: 100) {
      nodes {
        id name allowPrivateNetwork
        endpoints { id name surface baseUrl troubleReason }
        accounts { ...Account }
        mappings { id upstreamModel aliases model { id name displayName } }
      }
    }
  }
`,
  [ACCOUNT],
);

export const ACCOUNT_HEALTH = graphql(`
  query AccountHealth($id: ID!) {
    node(id: $id) {
      __typename
      ... on Account {
        id inFlight currentLimit
        rateLimits { name utilization status resetAt limit remaining }
        circuit { state retryAt recentResults recentFailures }
        learnedLimit { limit history { at from to reason } }
      }
    }
  }
`);

export const MODEL_NAMES = graphql(`
  query ModelNames {
    models(first: 100) { nodes { id name } }
  }
`);

export const ACCOUNT_CHANGED = graphql(
  `
  subscription AccountChanged {
    accountChanged { ...Account }
  }
`,
  [ACCOUNT],
);

export const SET_PAUSED = graphql(
  `
  mutation SetAccountPaused($id: ID!, $paused: Boolean!) {
    setAccountPaused(id: $id, paused: $paused) { account { ...Account } errors { code message } }
  }
`,
  [ACCOUNT],
);

export const RESET_HEALTH = graphql(
  `
  mutation ResetAccountHealth($id: ID!) {
    resetAccountHealth(id: $id) { account { ...Account } errors { code message } }
  }
`,
  [ACCOUNT],
);

export const SET_DEMO_FAILURE = graphql(
  `
  mutation SetDemoFailure($id: ID!, $failure: DemoFailure!) {
    setDemoFailure(accountId: $id, failure: $failure) { account { ...Account } errors { code message } }
  }
`,
  [ACCOUNT],
);

export const CREATE_PROVIDER = graphql(`
  mutation CreateProvider($input: CreateProviderInput!) {
    createProvider(input: $input) { provider { id } errors { code message } }
  }
`);

export const UPDATE_PROVIDER = graphql(`
  mutation UpdateProvider($id: ID!, $input: UpdateProviderInput!) {
    updateProvider(id: $id, input: $input) { provider { id } errors { code message } }
  }
`);

export const DELETE_PROVIDER = graphql(`
  mutation DeleteProvider($id: ID!) {
    deleteProvider(id: $id) { deletedId errors { code message } }
  }
`);

export const CREATE_ENDPOINT = graphql(`
  mutation CreateEndpoint($input: CreateEndpointInput!) {
    createEndpoint(input: $input) { endpoint { id } errors { code message } }
  }
`);

export const UPDATE_ENDPOINT = graphql(`
  mutation UpdateEndpoint($id: ID!, $input: UpdateEndpointInput!) {
    updateEndpoint(id: $id, input: $input) { endpoint { id } errors { code message } }
  }
`);

export const CREATE_ACCOUNT = graphql(`
  mutation CreateAccount($input: CreateAccountInput!) {
    createAccount(input: $input) { account { id } errors { code message } }
  }
`);

export const UPDATE_ACCOUNT = graphql(
  `
  mutation UpdateAccount($id: ID!, $input: UpdateAccountInput!) {
    updateAccount(id: $id, input: $input) { account { ...Account } errors { code message } }
  }
`,
  [ACCOUNT],
);

export const DELETE_ACCOUNT = graphql(`
  mutation DeleteAccount($id: ID!) {
    deleteAccount(id: $id) { deletedId errors { code message } }
  }
`);

export const CREATE_MODEL = graphql(`
  mutation CreateModel($input: CreateModelInput!) {
    createModel(input: $input) { model { id } errors { code message } }
  }
`);

export const CREATE_MAPPING = graphql(`
  mutation CreateModelMapping($input: CreateModelMappingInput!) {
    createModelMapping(input: $input) { modelMapping { id } errors { code message } }
  }
`);

export const DELETE_MAPPING = graphql(`
  mutation DeleteModelMapping($id: ID!) {
    deleteModelMapping(id: $id) { deletedId errors { code message } }
  }
`);

export type Account = ResultOf<typeof ACCOUNT>;
type HealthNode = NonNullable<ResultOf<typeof ACCOUNT_HEALTH>['node']>;
export type RateLimitWindow = Extract<HealthNode, { __typename: 'Account' }>['rateLimits'][number];
export type Provider = ResultOf<typeof PROVIDERS>['providers']['nodes'][number];
export type DemoFailure = NonNullable<Account['demoFailure']>;
