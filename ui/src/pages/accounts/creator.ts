// The steps of adding an account as API calls.

import type { Creator } from '../../lib/add-account.ts';
import { ApiError, refuseUserErrors, run } from '../../lib/graphql.ts';
import {
  CREATE_ACCOUNT,
  CREATE_ENDPOINT,
  CREATE_MAPPING,
  CREATE_MODEL,
  CREATE_PROVIDER,
  MODEL_NAMES,
} from './queries.ts';

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
    const { models } = await run(MODEL_NAMES, {});
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
