// The models that the demo providers know, with the cache minimum of each.

export type DemoProviderName = 'demo-anthropic' | 'demo-openai';

export interface DemoModel {
  provider: DemoProviderName;
  /** The provider's own name for it, dated where it has a date; replies state it. */
  upstreamModel: string;
  /** The name that clients ask the gateway for; the provider accepts it too. */
  model: string;
  displayName: string;
  /** Further names under which the gateway offers it. */
  aliases: readonly string[];
  /** Shorter prefixes are silently not cached. */
  minCacheTokens: number;
}

export const DEMO_MODELS: readonly DemoModel[] = [
  {
    provider: 'demo-anthropic',
    upstreamModel: 'claude-sonnet-4-5-20250929',
    model: 'claude-sonnet-4-5',
    displayName: 'Claude Sonnet 4.5',
    aliases: ['sonnet'],
    minCacheTokens: 1024,
  },
  {
    provider: 'demo-anthropic',
    upstreamModel: 'claude-sonnet-5',
    model: 'claude-sonnet-5',
    displayName: 'Claude Sonnet 5',
    aliases: [],
    minCacheTokens: 1024,
  },
  {
    provider: 'demo-anthropic',
    upstreamModel: 'claude-opus-5',
    model: 'claude-opus-5',
    displayName: 'Claude Opus 5',
    aliases: ['opus'],
    minCacheTokens: 512,
  },
  {
    provider: 'demo-anthropic',
    upstreamModel: 'claude-haiku-4-5-20251001',
    model: 'claude-haiku-4-5',
    displayName: 'Claude Haiku 4.5',
    aliases: ['haiku'],
    minCacheTokens: 4096,
  },
  {
    provider: 'demo-openai',
    upstreamModel: 'gpt-5.2-2025-12-11',
    model: 'gpt-5.2',
    displayName: 'GPT-5.2',
    aliases: [],
    minCacheTokens: 1024,
  },
  {
    provider: 'demo-openai',
    upstreamModel: 'gpt-5-mini-2025-08-07',
    model: 'gpt-5-mini',
    displayName: 'GPT-5 mini',
    aliases: [],
    minCacheTokens: 1024,
  },
];

export function findDemoModel(provider: DemoProviderName, name: string): DemoModel | undefined {
  return DEMO_MODELS.find(
    (row) => row.provider === provider && (row.upstreamModel === name || row.model === name),
  );
}
