// Finds accounts, models, API keys and users by name for the command palette.

import { graphql, run } from '../lib/graphql.ts';

const FIND = graphql(`
  query Find($text: String!) {
    accounts(first: 5, filter: { search: $text }) { nodes { id name provider { name } } }
    models(first: 5, search: $text) { nodes { id name } }
    apiKeys(first: 5, search: $text) { nodes { id name masked } }
    users(first: 5, search: $text) { nodes { id username email } }
  }
`);

export interface Find {
  id: string;
  kind: 'account' | 'model' | 'key' | 'user';
  name: string;
  href: string;
}

/** At most five of each kind. */
export async function findByName(text: string): Promise<Find[]> {
  const { accounts, models, apiKeys, users } = await run(FIND, { text });
  return [
    ...accounts.nodes.map(({ id, name }) =>
      found('account', id, name, `/accounts?open=${encodeURIComponent(id)}`),
    ),
    ...models.nodes.map(({ id, name }) => found('model', id, name, `/models?q=${encodeURIComponent(name)}`)),
    ...apiKeys.nodes.map(({ id, name }) => found('key', id, name, `/keys?q=${encodeURIComponent(name)}`)),
    ...users.nodes.map(({ id, username }) =>
      found('user', id, username, `/keys?tab=users&q=${encodeURIComponent(username)}`),
    ),
  ];
}

function found(kind: Find['kind'], id: string, name: string, href: string): Find {
  return { kind, id, name, href };
}
