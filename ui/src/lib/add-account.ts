// The steps from a pasted credential to a working account. Pure: the calls come from outside.
//
// There is no transaction over several mutations, so each finished step is remembered: trying again after a failure
// goes on where it stopped and creates nothing twice.

export interface Connection {
  /** Null = create a provider. */
  providerId: string | null;
  providerName: string;
  allowPrivateNetwork: boolean;
  surface: 'ANTHROPIC_MESSAGES' | 'OPENAI_CHAT' | 'OPENAI_RESPONSES' | 'OPENAI_EMBEDDINGS' | 'GEMINI';
  baseUrl: string;
}

export interface AccountDraft {
  name: string;
  credential: string;
  weight: number;
  maxConcurrent: number | null;
  cacheTtlMinutes: number | null;
  rateMultiplier: number;
  usdPerCredit: number | null;
  cacheDomain: string | null;
}

export interface MappingDraft {
  model: string;
  upstreamModel: string;
}

/** What the steps call; each resolves to the new id. */
export interface Creator {
  createProvider(input: { name: string; allowPrivateNetwork: boolean }): Promise<string>;
  createEndpoint(input: {
    providerId: string;
    name: string;
    surface: Connection['surface'];
    baseUrl: string;
  }): Promise<string>;
  createAccount(input: AccountDraft & { providerId: string }): Promise<string>;
  findModel(name: string): Promise<string | null>;
  createModel(name: string): Promise<string>;
  createMapping(input: { providerId: string; modelId: string; upstreamModel: string }): Promise<string>;
}

/** What has been done so far; hand the same object in again to go on. */
export interface Progress {
  providerId: string | null;
  hasEndpoint: boolean;
  accountId: string | null;
  mappedModels: string[];
}

export function newProgress(): Progress {
  return { providerId: null, hasEndpoint: false, accountId: null, mappedModels: [] };
}

export async function addAccount(
  draft: { connection: Connection; account: AccountDraft; mappings: readonly MappingDraft[] },
  creator: Creator,
  progress: Progress,
): Promise<string> {
  const { connection, account, mappings } = draft;
  const providerId = await settleProvider(connection, creator, progress);
  for (const mapping of mappings) {
    if (progress.mappedModels.includes(mapping.model)) continue;
    const modelId = (await creator.findModel(mapping.model)) ?? (await creator.createModel(mapping.model));
    await creator.createMapping({
      providerId,
      modelId,
      upstreamModel: mapping.upstreamModel || mapping.model,
    });
    progress.mappedModels.push(mapping.model);
  }
  // The account comes last: until then nothing is routed to a provider that is half set up.
  progress.accountId ??= await creator.createAccount({ ...account, providerId });
  return progress.accountId;
}

async function settleProvider(connection: Connection, creator: Creator, progress: Progress): Promise<string> {
  if (connection.providerId !== null) return connection.providerId;
  progress.providerId ??= await creator.createProvider({
    name: connection.providerName,
    allowPrivateNetwork: connection.allowPrivateNetwork,
  });
  if (!progress.hasEndpoint) {
    const { surface, baseUrl } = connection;
    await creator.createEndpoint({ providerId: progress.providerId, name: 'main', surface, baseUrl });
    progress.hasEndpoint = true;
  }
  return progress.providerId;
}

/** The address without trailing slashes, and without the surface's own `/v1`, which the gateway appends. */
export function cleanBaseUrl(text: string): string {
  return text.trim().replace(/\/+$/, '').replace(/\/v1$/, '');
}

/** A whole number, or null for an empty field; undefined when it is neither. */
export function optionalWhole(text: string | number | null): number | null | undefined {
  if (text === null || String(text).trim() === '') return null;
  const value = Number(text);
  return Number.isInteger(value) ? value : undefined;
}
