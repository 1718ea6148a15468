// The steps of adding an account as API calls.

import type { Creator } from './add-account.ts';
import { ApiError, graphql, refuseUserErrors, run } from './graphql.ts';

const CREATE_PROVIDER = graphql(`
  mutation CreateProvider($input: CreateProviderInput!) {
    createProvider(input: $input) { provider { id } errors { code message path problem min max detail } }
  }
`);

export const CREATE_ENDPOINT = graphql(`
  mutation CreateEndpoint($input: CreateEndpointInput!) {
    createEndpoint(input: $input) { endpoint { id version name surface baseUrl } errors { code message path problem min max detail } }
  }
`);

const CREATE_ACCOUNT = graphql(`
  mutation CreateAccount($input: CreateAccountInput!) {
    createAccount(input: $input) { account { id } errors { code message path problem min max detail } }
  }
`);

const CREATE_MODEL = graphql(`
  mutation CreateModel($input: CreateModelInput!) {
    createModel(input: $input) { model { id } errors { code message path problem min max detail } }
  }
`);

const CREATE_MAPPING = graphql(`
  mutation CreateModelMapping($input: CreateModelMappingInput!) {
    createModelMapping(input: $input) { modelMapping { id } errors { code message path problem min max detail } }
  }
`);

const MODEL_NAMES = graphql(`
  query ModelNames($search: String!) {
    models(first: 200, search: $search) { nodes { id name } }
  }
`);

export const apiCreator: Creator = {
  async createProvider(input) {
    const { createProvider } = await run(CREATE_PROVIDER, { input });
    return idOf(createProvider.provider, createProvider.errors);
  },
  async createEndpoint(input) {
    const { createEndpoint } = await run(CREATE_ENDPOINT, { input });
    return idOf(createEndpoint.endpoint, createEndpoint.errors);
  },
  async createAccount(input) {
    const { createAccount } = await run(CREATE_ACCOUNT, { input });
    return idOf(createAccount.account, createAccount.errors);
  },
  async findModel(name) {
    const { models } = await run(MODEL_NAMES, { search: name });
    return models.nodes.find((model) => model.name === name)?.id ?? null;
  },
  async createModel(name) {
    const { createModel } = await run(CREATE_MODEL, { input: { name } });
    return idOf(createModel.model, createModel.errors);
  },
  async createMapping(input) {
    const { createModelMapping } = await run(CREATE_MAPPING, { input });
    return idOf(createModelMapping.modelMapping, createModelMapping.errors);
  },
};

function idOf(created: { id: string } | null, errors: readonly { code: string; message: string }[]): string {
  refuseUserErrors(errors);
  if (!created) throw new ApiError('', { code: 'EMPTY' });
  return created.id;
}
