// What the demo upstream offers, as plain data for the catalogue.

import { DEFAULT_ACCOUNT_COUNT, DEFAULT_MAX_CONCURRENT, demoAccountIdentities } from './accounts.ts';
import { DEMO_MODELS, type DemoProviderName } from './models.ts';
import { DEMO_ANTHROPIC_BASE_URL, DEMO_OPENAI_BASE_URL } from './upstream.ts';

/** The surfaces that the demo upstream speaks. */
type DemoSurface = 'anthropic-messages' | 'openai-chat';

export interface DemoProviderRow {
  name: DemoProviderName;
  endpoints: { name: string; surface: DemoSurface; baseUrl: string }[];
  accounts: {
    name: string;
    credential: string;
    weight: number;
    maxConcurrent: number;
    cacheTtlMinutes: number;
  }[];
  models: { model: string; displayName: string; upstreamModel: string; aliases: string[] }[];
}

/** The same numbers must be given to `createDemoUpstream`. */
export function demoProviders(
  options: { accounts?: number; maxConcurrent?: number } = {},
): DemoProviderRow[] {
  return [
    demoProvider('demo-anthropic', {
      ...options,
      surface: 'anthropic-messages',
      baseUrl: DEMO_ANTHROPIC_BASE_URL,
    }),
    demoProvider('demo-openai', { ...options, surface: 'openai-chat', baseUrl: DEMO_OPENAI_BASE_URL }),
  ];
}

function demoProvider(
  name: DemoProviderName,
  options: { accounts?: number; maxConcurrent?: number; surface: DemoSurface; baseUrl: string },
): DemoProviderRow {
  const {
    accounts = DEFAULT_ACCOUNT_COUNT,
    maxConcurrent = DEFAULT_MAX_CONCURRENT,
    surface,
    baseUrl,
  } = options;
  return {
    name,
    endpoints: [{ name: 'main', surface, baseUrl }],
    accounts: demoAccountIdentities(name, accounts).map((identity) => ({
      name: identity.name,
      credential: identity.credential,
      weight: 1,
      maxConcurrent,
      cacheTtlMinutes: 5,
    })),
    models: DEMO_MODELS.filter((model) => model.provider === name).map((model) => ({
      model: model.model,
      displayName: model.displayName,
      upstreamModel: model.upstreamModel,
      aliases: [...model.aliases],
    })),
  };
}
