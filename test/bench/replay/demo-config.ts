// The demo's Anthropic accounts as a configuration. Pure.

import type { ConfigFile } from '../../../server/config/schema.ts';
import { demoProviders } from '../../../server/demo/catalog.ts';
import type { Settings } from '../../../server/gateway/ports.ts';

/** Every model that is asked for is the same demo model upstream. */
export function demoConfig(options: {
  accounts: number;
  slotsPerAccount: number;
  models: readonly string[];
  upstreamModel: string;
  keys: readonly string[];
  affinity: Settings['affinity'];
}): ConfigFile {
  const { accounts, slotsPerAccount: maxConcurrent, models, upstreamModel } = options;
  const providers = demoProviders({ accounts, maxConcurrent }).filter(
    ({ name }) => name === 'demo-anthropic',
  );
  return {
    affinity: options.affinity,
    providers: providers.map((provider) => ({
      ...provider,
      models: models.map((model) => ({ model, upstreamModel })),
    })),
    apiKeys: options.keys.map((key, index) => ({ name: `replay-${index}`, key })),
  };
}
