// Who asks and who answers in the log bench: users with API keys, models, and accounts of two providers; by seed.

import { UNRESTRICTED } from '../../../server/gateway/key-restrictions.ts';
import type { ApiKey, Endpoint, Model, Provider, User } from '../../../server/gateway/ports.ts';
import type { PriceSheet } from '../../../server/gateway/price-sheet.ts';
import type { RoutePolicy } from '../../../server/gateway/routing-settings.ts';
import { Chance } from './chance.ts';

export interface World {
  providers: readonly Provider[];
  endpoints: readonly Endpoint[];
  accounts: readonly WorldAccount[];
  models: readonly WorldModel[];
  users: readonly User[];
  keys: readonly WorldKey[];
  /** Of the sessions, in the order of the keys: a few callers send most, as everywhere. */
  keyShares: readonly number[];
  /** Answers about a hundred requests ever. */
  rareAccount: WorldAccount;
}

export interface WorldAccount {
  id: string;
  name: string;
  providerId: string;
}

/** Prices are nano-USD per token, times are medians. `accounts`: those that usually answer. */
export interface WorldModel extends Pick<Model, 'id' | 'name'> {
  upstreamModel: string;
  policy: RoutePolicy;
  endpoint: Endpoint;
  providerName: string;
  accounts: readonly WorldAccount[];
  inputNanoUsd: number;
  outputNanoUsd: number;
  readFactor: number;
  /** 0 = writing to the cache is free, and no writes are reported. */
  writeFactor: number;
  /** The same prices as the log keeps them; null = a row is priced later. */
  priceSheet: PriceSheet | null;
  firstTokenMs: number;
  msPerToken: number;
  minCachedTokens: number;
  /** How long an unused prompt stays cached. */
  ttlMs: number;
}

export interface WorldKey {
  row: ApiKey;
  /** Scripts name no session. */
  namesSession: boolean;
  /** Shares of its sessions by model, in the order of the models. */
  modelShares: readonly number[];
}

const USERS = 30;
const KEYS = 50;
const STANDALONE_KEYS = 2;
const FIRST_SCRIPT_KEY = 8;
const SCRIPT_KEYS = 6;
const ACCOUNTS_PER_PROVIDER = 4;
const KEY_SHARES = parts(Array.from({ length: KEYS }, (_, rank) => 1 / (rank + 1) ** 0.9));

export function createWorld(seed: number, nowMs: number): World {
  const providers = PROVIDERS.map(({ name }, index) => ({
    id: worldId('1', index),
    name,
    allowPrivateNetwork: true,
  }));
  const endpoints = PROVIDERS.map(({ surface }, index) => ({
    id: worldId('2', index),
    providerId: worldId('1', index),
    name: 'main',
    surface,
    // Nobody calls it: the bench asks another provider, of its own.
    baseUrl: 'http://127.0.0.1:9',
  }));
  const accounts = PROVIDERS.flatMap(({ name }, index) =>
    Array.from({ length: ACCOUNTS_PER_PROVIDER }, (_, number) => ({
      id: worldId('3', index * ACCOUNTS_PER_PROVIDER + number),
      name: `${name}-${number + 1}`,
      providerId: worldId('1', index),
    })),
  );
  const rareAccount = accounts.at(-1);
  if (!rareAccount) throw new Error('Cannot make the world: it has no accounts');
  const models = MODELS.map((facts, index) =>
    worldModel(facts, { index, world: { providers, endpoints, accounts } }),
  );
  const users = Array.from({ length: USERS }, (_, index) => ({
    id: worldId('5', index),
    username: NAMES[index % NAMES.length] + (index < NAMES.length ? '' : `-${index}`),
    email: null,
  }));
  const keys = worldKeys(users, seed, nowMs);
  return { providers, endpoints, accounts, models, users, keys, keyShares: KEY_SHARES, rareAccount };
}

/** Looks like the ids of the product; `kind` is one hex digit. */
function worldId(kind: string, index: number): string {
  return `019a0000-0000-7000-8${kind}00-${index.toString(16).padStart(12, '0')}`;
}

const PROVIDERS = [
  { name: 'anthropic', surface: 'anthropic-messages' },
  { name: 'openai', surface: 'openai-chat' },
] as const;

interface ModelFacts extends Pick<WorldModel, 'name' | 'firstTokenMs' | 'msPerToken' | 'policy'> {
  provider: 0 | 1;
  /** Input and output per million tokens. */
  usd: readonly [number, number];
  /** Of its provider. */
  accounts: readonly number[];
  /** Of the sessions, before everybody's own liking. */
  share: number;
}

const CLAUDE = { provider: 0, policy: 'warm-cost' } as const;
const GPT = { provider: 1, policy: 'warm-cost' } as const;
const SESSION = { policy: 'session' } as const;
const MODELS: readonly ModelFacts[] = [
  {
    ...CLAUDE,
    name: 'claude-sonnet-5',
    usd: [3, 15],
    share: 0.42,
    accounts: [0, 1],
    firstTokenMs: 1_300,
    msPerToken: 14,
  },
  {
    ...CLAUDE,
    name: 'claude-opus-5',
    usd: [15, 75],
    share: 0.2,
    accounts: [1, 2],
    firstTokenMs: 2_100,
    msPerToken: 22,
  },
  {
    ...CLAUDE,
    ...SESSION,
    name: 'claude-haiku-4-5',
    usd: [1, 5],
    share: 0.16,
    accounts: [2, 3],
    firstTokenMs: 600,
    msPerToken: 7,
  },
  {
    ...GPT,
    name: 'gpt-5',
    usd: [1.25, 10],
    share: 0.11,
    accounts: [0, 1],
    firstTokenMs: 2_600,
    msPerToken: 13,
  },
  {
    ...GPT,
    ...SESSION,
    name: 'gpt-5-mini',
    usd: [0.25, 2],
    share: 0.08,
    accounts: [1, 2],
    firstTokenMs: 900,
    msPerToken: 8,
  },
  {
    ...GPT,
    ...SESSION,
    name: 'gpt-5-nano',
    usd: [0.05, 0.4],
    share: 0.03,
    accounts: [0, 2],
    firstTokenMs: 500,
    msPerToken: 5,
  },
];

function worldModel(
  facts: ModelFacts,
  { index, world }: { index: number; world: Pick<World, 'providers' | 'endpoints' | 'accounts'> },
): WorldModel {
  const { name, provider, usd } = facts;
  const endpoint = world.endpoints[provider];
  const owner = world.providers[provider];
  if (!endpoint || !owner) throw new Error(`Cannot make the model ${name}: it has no provider`);
  const ofProvider = world.accounts.filter(({ providerId }) => providerId === owner.id);
  const isAnthropic = provider === 0;
  return {
    id: worldId('4', index),
    name,
    upstreamModel: `${name}-2026-08-07`,
    policy: facts.policy,
    endpoint,
    providerName: owner.name,
    accounts: ofProvider.filter((_, number) => facts.accounts.includes(number)),
    // USD per million tokens is thousands of nano-USD per token.
    inputNanoUsd: usd[0] * 1_000,
    outputNanoUsd: usd[1] * 1_000,
    readFactor: 0.1,
    writeFactor: isAnthropic ? 1.25 : 0,
    priceSheet: sheetOf(usd, isAnthropic ? 1.25 : 1),
    firstTokenMs: facts.firstTokenMs,
    msPerToken: facts.msPerToken,
    minCachedTokens: 1_024,
    ttlMs: isAnthropic ? 300_000 : 600_000,
  };
}

function sheetOf([input, output]: readonly [number, number], writeFactor: number): PriceSheet {
  return {
    input,
    output,
    cacheRead: input * 0.1,
    cacheWrite5m: input * writeFactor,
    cacheWrite1h: input * writeFactor,
    audioInput: input,
    audioOutput: output,
    aboveInputTokens: null,
    rateMultiplier: 1,
    usdPerCredit: null,
  };
}

function worldKeys(users: readonly User[], seed: number, nowMs: number): WorldKey[] {
  const chance = new Chance(seed);
  return KEY_SHARES.map((_, index) => {
    const user = index < KEYS - STANDALONE_KEYS ? users[index % users.length] : undefined;
    return {
      row: apiKey(index, { user, nowMs, hash: chance.hex(64) }),
      // Not the busiest ones: those are people with agents.
      namesSession: index < FIRST_SCRIPT_KEY || index >= FIRST_SCRIPT_KEY + SCRIPT_KEYS,
      modelShares: modelShares(chance),
    };
  });
}

function apiKey(
  index: number,
  { user, nowMs, hash }: { user: User | undefined; nowMs: number; hash: string },
): ApiKey {
  const purpose = PURPOSES[Math.floor(index / USERS)] ?? 'spare';
  return {
    ...UNRESTRICTED,
    id: worldId('6', index),
    name: user ? `${user.username}-${purpose}` : `robot-${index}`,
    hash,
    masked: `wp_b…${String(index).padStart(4, '0')}`,
    userId: user?.id ?? null,
    isEnabled: true,
    createdAtMs: nowMs,
  };
}

/** Everybody has favourites of their own. */
function modelShares(chance: Chance): number[] {
  return parts(MODELS.map(({ share }) => share * chance.skewed(1, 0.8)));
}

function parts(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

const PURPOSES = ['laptop', 'ci'];
const NAMES: readonly string[] = [
  'ada',
  'alan',
  'annie',
  'barbara',
  'bertrand',
  'claude',
  'donald',
  'edsger',
  'emmy',
  'frances',
  'grace',
  'hedy',
  'ida',
  'jean',
  'john',
  'joan',
  'karen',
  'katherine',
  'ken',
  'leslie',
  'linus',
  'lynn',
  'margaret',
  'mary',
  'niklaus',
  'radia',
  'robin',
  'sophie',
  'tony',
  'vint',
];
