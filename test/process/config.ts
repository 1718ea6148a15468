// Configuration files of the process tests: everything goes to one test upstream.

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export const API_KEY = 'wp_process-tests-0123456789abcdef';
/** Must never be seen anywhere. */
export const CREDENTIAL = 'sk-canary-7f3e9a51c2';

/** Models of the anthropic and the openai provider; a fault is kept to the account of its own provider. */
export const MODELS = { anthropic: 'claude-sonnet-5', openai: 'gpt-5-mini' } as const;
export type Family = keyof typeof MODELS;
/** Models on one account each, so that a cooldown of it does not reach other tests. */
export const FAULT_MODELS = ['fault-a', 'fault-b', 'fault-c', 'fault-d'] as const;

export interface TestConfig {
  requireApiKey?: boolean;
  providers: Record<string, unknown>[];
  [key: string]: unknown;
}

export function configAt(upstreamOrigin: string): TestConfig {
  return {
    requireApiKey: true,
    // What a provider's refusal looks like is to be seen at once.
    routing: { maxWaitSeconds: 0 },
    providers: [
      provider('anthropic', upstreamOrigin, { accounts: ['a1', 'a2'], models: [MODELS.anthropic] }),
      provider('openai', upstreamOrigin, { accounts: ['o1', 'o2'], models: [MODELS.openai] }),
      ...FAULT_MODELS.flatMap((model) => [
        provider(`anthropic-${model}`, upstreamOrigin, {
          accounts: [`a-${model}`],
          models: [`anthropic-${model}`],
        }),
        provider(`openai-${model}`, upstreamOrigin, {
          accounts: [`o-${model}`],
          models: [`openai-${model}`],
        }),
      ]),
    ],
    users: [{ username: 'ada', email: 'ada@example.com' }],
    apiKeys: [{ name: 'tests', key: API_KEY, user: 'ada' }],
  };
}

/** JSON is YAML too. Gives the path of the file. */
export async function writeConfig(folder: string, config: unknown): Promise<string> {
  const path = join(folder, 'warmpath.yaml');
  await writeFile(path, JSON.stringify(config, null, 2));
  return path;
}

function provider(name: string, baseUrl: string, of: { accounts: string[]; models: string[] }) {
  const surface = name.startsWith('anthropic') ? 'anthropic-messages' : 'openai-chat';
  return {
    name,
    allowPrivateNetwork: true,
    endpoints: [{ name: 'main', surface, baseUrl }],
    accounts: of.accounts.map((account) => ({ name: account, credential: `${CREDENTIAL}-${account}` })),
    models: of.models.map((model) => ({ model, upstreamModel: `${model}-20260101` })),
  };
}
