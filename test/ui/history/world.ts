// The embedded demo as a world of the log bench: its own accounts, models, people and keys, with real prices.

import { DEMO_MODELS } from '../../../server/demo/models.ts';
import type { Candidate, Catalog } from '../../../server/gateway/catalog.ts';
import type { CatalogChange, Endpoint, Model } from '../../../server/gateway/ports.ts';
import { inputPricesAt } from '../../../server/gateway/pricing.ts';
import type { World, WorldKey, WorldModel } from '../../bench/log-scale/world.ts';

/** No price table knows it: somebody's own server, say. */
export const UNPRICED_MODEL = 'qwen3-coder-house';

/** Takes about a hundred requests ever. */
const RARE_ACCOUNT = 'openai-d';
const MINUTE_MS = 60_000;
const TYPICAL_PROMPT_TOKENS = 40_000;

interface Pace {
  firstTokenMs: number;
  msPerToken: number;
}

const PACES: Readonly<Record<string, Pace>> = {
  'claude-sonnet-4-5': { firstTokenMs: 1_400, msPerToken: 15 },
  'claude-sonnet-5': { firstTokenMs: 1_300, msPerToken: 14 },
  'claude-opus-5': { firstTokenMs: 2_100, msPerToken: 22 },
  'claude-haiku-4-5': { firstTokenMs: 600, msPerToken: 7 },
  'gpt-5.2': { firstTokenMs: 2_600, msPerToken: 13 },
  'gpt-5-mini': { firstTokenMs: 900, msPerToken: 8 },
};
const OTHER_PACE: Pace = { firstTokenMs: 800, msPerToken: 10 };

interface Caller {
  key: string;
  /** Of the conversations. */
  share: number;
  namesSession: boolean;
  /** Shares of the models. */
  models: Readonly<Record<string, number>>;
}

const CALLERS: readonly Caller[] = [
  {
    key: 'demo-ada',
    share: 0.34,
    namesSession: true,
    models: { 'claude-sonnet-5': 0.66, 'claude-haiku-4-5': 0.2, 'claude-opus-5': 0.14 },
  },
  {
    key: 'demo-linus',
    share: 0.25,
    namesSession: true,
    models: { 'claude-opus-5': 0.58, 'claude-sonnet-5': 0.22, 'claude-haiku-4-5': 0.2 },
  },
  {
    key: 'demo-grace',
    share: 0.2,
    namesSession: true,
    models: { 'gpt-5.2': 0.7, 'gpt-5-mini': 0.2, [UNPRICED_MODEL]: 0.1 },
  },
  {
    key: 'demo-margaret',
    share: 0.15,
    namesSession: false,
    models: { 'gpt-5-mini': 0.75, 'claude-haiku-4-5': 0.25 },
  },
  {
    key: 'demo',
    share: 0.06,
    namesSession: false,
    models: { 'claude-sonnet-4-5': 0.6, 'gpt-5-mini': 0.4 },
  },
];

/** What puts the unpriced model into the demo's catalogue, at its second provider. */
export function unpricedModel(catalog: Catalog): CatalogChange[] {
  const provider = catalog.rows.providers.find(({ name }) => name === 'demo-openai');
  if (!provider) throw new Error('Cannot add to the demo: it is not in this database');
  const id = '019a0000-0000-7000-8400-0000000000aa';
  const mapping = {
    id: '019a0000-0000-7000-8700-0000000000aa',
    providerId: provider.id,
    modelId: id,
    upstreamModel: UNPRICED_MODEL,
    aliases: [],
  };
  const row: Model = {
    id,
    name: UNPRICED_MODEL,
    displayName: 'Qwen3 Coder (house)',
    price: null,
    routePolicy: null,
    routeProfile: null,
  };
  return [
    { kind: 'put-model', row },
    { kind: 'put-mapping', row: mapping },
  ];
}

/** Throws when the catalogue is not that of the demo. */
export function demoWorld(catalog: Catalog): World {
  const { providers, endpoints, accounts, users } = catalog.rows;
  const models = catalog.rows.models.flatMap((model) => {
    const endpoint = endpoints.find(({ surface }) => catalog.candidates(model.id, surface).length > 0);
    return endpoint ? [worldModel(model, catalog.candidates(model.id, endpoint.surface), endpoint)] : [];
  });
  const callers = CALLERS.map((caller) => ({ caller, key: worldKey(caller, { catalog, models }) }));
  const rareAccount = accounts.find(({ name }) => name === RARE_ACCOUNT);
  if (!rareAccount) throw new Error('Cannot make a past: the accounts of the demo are not in this database');
  return {
    providers,
    endpoints,
    accounts,
    models,
    users,
    keys: callers.map(({ key }) => key),
    keyShares: CALLERS.map(({ share }) => share),
    rareAccount,
  };
}

function worldModel(model: Model, candidates: readonly Candidate[], endpoint: Endpoint): WorldModel {
  const [first] = candidates;
  if (!first) throw new Error(`Cannot make a past of ${model.name}: it has no accounts`);
  const isAnthropic = endpoint.surface === 'anthropic-messages';
  const prices = inputPricesAt(first, TYPICAL_PROMPT_TOKENS);
  const input = prices?.inputUsd ?? 0;
  return {
    id: model.id,
    name: model.name,
    upstreamModel: first.upstreamModel,
    policy: 'warm-cost',
    endpoint,
    providerName: first.provider.name,
    accounts: candidates.map(({ account }) => account).filter(({ name }) => name !== RARE_ACCOUNT),
    inputNanoUsd: input * 1e9,
    // Costs are counted by the gateway's own code, of each row.
    outputNanoUsd: 0,
    priceSheet: null,
    readFactor: prices ? prices.readUsd / input : 0.1,
    writeFactor: isAnthropic ? 1.25 : 0,
    ...(PACES[model.name] ?? OTHER_PACE),
    minCachedTokens: DEMO_MODELS.find(({ model: name }) => name === model.name)?.minCacheTokens ?? 1_024,
    ttlMs: (isAnthropic ? 5 : 10) * MINUTE_MS,
  };
}

function worldKey(
  { key: name, namesSession, models: shares }: Caller,
  { catalog, models }: { catalog: Catalog; models: readonly WorldModel[] },
): WorldKey {
  const row = catalog.rows.apiKeys.find((key) => key.name === name);
  if (!row) throw new Error(`Cannot make a past of ${name}: the key is not in this database`);
  return { row, namesSession, modelShares: models.map((model) => shares[model.name] ?? 0) };
}
