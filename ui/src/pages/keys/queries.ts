// What the API keys screen asks the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

const KEY = graphql(`
  fragment Key on ApiKey {
    id name masked enabled isStandalone createdAt user { id username }
  }
`);

export const API_KEYS = graphql(
  `
  query ApiKeys($search: String, $first: Int!, $after: String) {
    apiKeys(search: $search, first: $first, after: $after) {
      nodes { ...Key }
      pageInfo { hasNextPage endCursor }
      totalCount
    }
  }
`,
  [KEY],
);

export const USERS = graphql(`
  query Users {
    users(first: 100) { nodes { id username email } }
  }
`);

export const CREATE_API_KEY = graphql(`
  mutation CreateApiKey($input: CreateApiKeyInput!) {
    createApiKey(input: $input) { secret apiKey { id name } errors { code message } }
  }
`);

export const UPDATE_API_KEY = graphql(`
  mutation UpdateApiKey($id: ID!, $input: UpdateApiKeyInput!) {
    updateApiKey(id: $id, input: $input) { apiKey { id } errors { code message } }
  }
`);

export const DELETE_API_KEY = graphql(`
  mutation DeleteApiKey($id: ID!) {
    deleteApiKey(id: $id) { deletedId errors { code message } }
  }
`);

export type Key = ResultOf<typeof KEY>;
