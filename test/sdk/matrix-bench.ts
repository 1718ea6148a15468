// A gateway in front of the emulated providers: one provider for each dialect, and for each fault one that nobody else uses.

import { rm } from 'node:fs/promises';
import { writeConfig } from '../process/config.ts';
import { GatewayProcess, temporaryFolder } from '../process/gateway-process.ts';
import type { TestUpstream } from '../process/test-upstream.ts';
import { openEmulator } from './upstream-emulator.ts';

export const KEY = 'wp_sdk-matrix-0123456789abcdef';

/** The dialects of the providers, and a model that each of them serves. */
const UPSTREAMS = {
  'anthropic-messages': 'claude-opus-4-8',
  'openai-chat': 'deepseek-v4-pro',
  'openai-responses': 'gpt-5.6',
  gemini: 'gemini-3-pro',
} as const;
/** Models of the generation before, which are told to think in other ways. */
const OLDER = {
  'anthropic-messages': 'claude-sonnet-4-5',
  'openai-chat': 'o4-mini',
  'openai-responses': 'o4-mini',
  gemini: 'gemini-2.5-flash',
} as const;
export const UPSTREAM_SURFACES = ['anthropic-messages', 'openai-chat', 'openai-responses', 'gemini'] as const;

export interface MatrixBench {
  upstream: TestUpstream;
  gateway: GatewayProcess;
  close(): Promise<void>;
}

/** `on-` and `old-<surface>` are models of that provider; `limited-…` and `busy-<surface>-<name>` are on accounts of their own. */
export async function openMatrix(names: readonly string[]): Promise<MatrixBench> {
  const upstream = await openEmulator();
  const folder = await temporaryFolder();
  const cleanUp = async () => {
    await upstream.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const config = await writeConfig(folder, configAt(upstream.origin, names));
    const gateway = await GatewayProcess.start({ config });
    return { upstream, gateway, close: () => gateway.stop().finally(cleanUp) };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

function configAt(origin: string, names: readonly string[]) {
  const provider = (name: string, surface: string, models: object[], accounts = [name]) => ({
    name,
    allowPrivateNetwork: true,
    endpoints: [{ name: 'main', surface, baseUrl: origin }],
    accounts: accounts.map((account) => ({
      name: account,
      credential: `sk-of-${account.replaceAll(' ', '-')}`,
    })),
    models,
  });
  const perSurface = UPSTREAM_SURFACES.flatMap((surface) => {
    const upstreamModel = UPSTREAMS[surface];
    return [
      provider(surface, surface, [
        { model: `on-${surface}`, upstreamModel },
        { model: `old-${surface}`, upstreamModel: OLDER[surface] },
      ]),
      ...names.flatMap((name) =>
        ['limited', 'busy'].map((fault) => {
          const model = `${fault}-${surface}-${name}`;
          return provider(model, surface, [{ model, upstreamModel }]);
        }),
      ),
    ];
  });
  return {
    requireApiKey: true,
    // What a provider's refusal looks like is to be seen at once.
    routing: { maxWaitSeconds: 0 },
    providers: [
      ...perSurface,
      provider(
        'pair',
        'openai-responses',
        [{ model: 'on-two-accounts', upstreamModel: 'gpt-5.6' }],
        ['p1', 'p2'],
      ),
      provider('embedder', 'openai-embeddings', [
        { model: 'embed-openai', upstreamModel: 'text-embedding-3-small' },
      ]),
      provider('gemini-embedder', 'gemini', [
        { model: 'embed-gemini', upstreamModel: 'gemini-embedding-001' },
      ]),
    ],
    users: [{ username: 'ada', email: 'ada@example.com' }],
    apiKeys: [{ name: 'tests', key: KEY, user: 'ada' }],
  };
}
