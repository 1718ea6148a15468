// The mock accounts, the traced models and the replay's keys as a configuration of the gateway. Pure.

import type { ConfigFile } from '../../../server/config/schema.ts';
import { MOCK_BASE_URL } from './mock-upstream.ts';

/**
 * Claude Opus 5 caches from 512 tokens on, the least of all models: so the prompts can be scaled down furthest. Its
 * prices stand for those of every traced model.
 */
const MODEL_FAMILY = 'claude-opus-5';
const PRICE = {
  inputUsdPerMillion: 5,
  outputUsdPerMillion: 25,
  cacheReadUsdPerMillion: 0.5,
  cacheWrite5mUsdPerMillion: 6.25,
  cacheWrite1hUsdPerMillion: 10,
};

export interface GatewayScene {
  /** Slots per account; null = not told to the gateway. */
  slots: readonly (number | null)[];
  modelCount: number;
  keyCount: number;
}

export function gatewayConfig({ slots, modelCount, keyCount }: GatewayScene): ConfigFile {
  const models = Array.from({ length: modelCount }, (_, index) => modelName(index));
  return {
    providers: [
      {
        name: 'mock',
        endpoints: [{ name: 'main', surface: 'anthropic-messages', baseUrl: MOCK_BASE_URL }],
        accounts: slots.map((maxConcurrent, index) => ({
          name: `mock-${index + 1}`,
          credential: credentialOf(index),
          maxConcurrent,
        })),
        models: models.map((model) => ({ model })),
      },
    ],
    models: models.map((name) => ({ name, price: PRICE })),
    apiKeys: Array.from({ length: keyCount }, (_, index) => ({ name: `replay-${index}`, key: keyOf(index) })),
  };
}

/** Each traced model is one of its own, with a cache of its own. */
export function modelName(index: number): string {
  return `${MODEL_FAMILY}-replay-${index}`;
}

export function credentialOf(account: number): string {
  return `sk-ant-mock-credential-of-account-${account}`;
}

export function keyOf(index: number): string {
  return `wp_replay_key_number_${index}`;
}
