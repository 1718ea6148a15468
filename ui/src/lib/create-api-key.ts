// Creates an API key, whoever asks: the first run and the API keys screen.

import { ApiError, graphql, run, type VariablesOf } from './graphql.ts';

const CREATE_API_KEY = graphql(`
  mutation CreateApiKey($input: CreateApiKeyInput!) {
    createApiKey(input: $input) { apiKey { id } secret errors { code message path problem min max detail } }
  }
`);

interface CreatedKey {
  id: string;
  /** Told this once. */
  secret: string;
}

/** The refusals of the input are of use to a form; there is no key then. */
export async function createApiKey(input: VariablesOf<typeof CREATE_API_KEY>['input']) {
  const { createApiKey: made } = await run(CREATE_API_KEY, { input });
  const { apiKey, secret, errors } = made;
  if (errors.length > 0) return { key: null, errors };
  if (!apiKey || secret === null) throw new ApiError('', { code: 'EMPTY' });
  return { key: { id: apiKey.id, secret } satisfies CreatedKey, errors };
}
