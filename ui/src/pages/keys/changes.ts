// What the API keys screen changes through the API.

import { graphql } from '../../lib/graphql.ts';
import { KEY, USER } from './queries.ts';

export const UPDATE_API_KEY = graphql(
  `
  mutation UpdateApiKey($id: ID!, $input: UpdateApiKeyInput!) {
    updateApiKey(id: $id, input: $input) { apiKey { ...ListedKey } errors { code message path problem min max detail } }
  }
`,
  [KEY],
);

export const REVOKE_API_KEY = graphql(
  `
  mutation RevokeApiKey($id: ID!) {
    revokeApiKey(id: $id) { apiKey { ...ListedKey } errors { code message path problem min max detail } }
  }
`,
  [KEY],
);

export const DELETE_API_KEY = graphql(`
  mutation DeleteApiKey($id: ID!) {
    deleteApiKey(id: $id) { deletedId errors { code message path problem min max detail } }
  }
`);

export const CREATE_USER = graphql(
  `
  mutation CreateUser($input: CreateUserInput!) {
    createUser(input: $input) { user { ...ListedUser } errors { code message path problem min max detail } }
  }
`,
  [USER],
);

export const UPDATE_USER = graphql(
  `
  mutation UpdateUser($id: ID!, $input: UpdateUserInput!) {
    updateUser(id: $id, input: $input) { user { ...ListedUser } errors { code message path problem min max detail } }
  }
`,
  [USER],
);

export const DELETE_USER = graphql(`
  mutation DeleteUser($id: ID!) {
    deleteUser(id: $id) { deletedId errors { code message path problem min max detail } }
  }
`);
