// From another gateway's deployments to the providers of a configuration file. Pure.
//
// There a deployment is one model at one key; here a provider's accounts all serve the same models. So deployments of
// one base URL and key become one account, and accounts of one base URL that serve the same models one provider.

import { isPrivateHost } from '../gateway/base-url.ts';
import type { Surface } from '../wire/surface.ts';
import type { Vendor } from './import-vendors.ts';
import type { Finding, PathStep } from './problems.ts';

/** Some models at one key. */
export interface Deployment {
  vendor: Vendor;
  /** As it is stored: without trailing slashes. */
  baseUrl: string;
  credential: string;
  /** Tells keys apart, also those that are not known yet. */
  credentialKey: string;
  /** Null = numbered within its provider. */
  accountName: string | null;
  weight: number | null;
  isPaused: boolean;
  /** What clients ask for → what the provider calls it. */
  models: ReadonlyMap<string, string>;
  path: readonly PathStep[];
}

/** What the translation had to say about its source. */
export interface ImportNotes {
  warnings: string[];
  findings: Finding[];
}

/** A name of the source in a warning: on one line, not too long. */
export function quoted(name: string): string {
  return `"${name.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 100)}"`;
}

interface MergedAccount extends Omit<Deployment, 'models' | 'path'> {
  models: Map<string, string>;
}

const ENDPOINT_NAMES: Readonly<Record<Surface, string>> = {
  'anthropic-messages': 'main',
  'openai-chat': 'main',
  'openai-responses': 'responses',
  'openai-embeddings': 'embeddings',
  gemini: 'main',
};

/** Blocks of a configuration file's `providers`. `aliases`: other names by model. */
export function providersOf(
  deployments: readonly Deployment[],
  aliases: ReadonlyMap<string, readonly string[]>,
  notes: ImportNotes,
): object[] {
  const groups = Map.groupBy(mergedAccounts(deployments, notes), ({ vendor, baseUrl, models }) =>
    JSON.stringify([vendor.name, baseUrl, [...models].sort()]),
  );
  const takenNames = new Set<string>();
  return [...groups.values()].map((accounts) => {
    const [first] = accounts;
    if (!first) throw new Error('Cannot name a provider: its group is empty');
    const name = freeName(providerName(first), takenNames);
    return { name, ...providerBlock(first, accounts, aliases) };
  });
}

function mergedAccounts(deployments: readonly Deployment[], notes: ImportNotes): MergedAccount[] {
  const merged = new Map<string, MergedAccount>();
  const conflicts = new Set<string>();
  for (const deployment of deployments) {
    const { vendor, baseUrl, credentialKey, weight, isPaused } = deployment;
    const key = JSON.stringify([vendor.name, baseUrl, credentialKey]);
    const account = merged.get(key);
    if (!account) {
      merged.set(key, { ...deployment, models: new Map(deployment.models) });
      continue;
    }
    account.weight = weight === null ? account.weight : Math.max(weight, account.weight ?? 1);
    account.isPaused &&= isPaused;
    for (const [model, upstreamModel] of deployment.models) {
      const known = account.models.get(model);
      if (known === undefined) account.models.set(model, upstreamModel);
      else if (known !== upstreamModel) conflicts.add(model);
    }
  }
  for (const model of conflicts) {
    notes.warnings.push(
      `Model ${quoted(model)} stands for several upstream models at one key: only the first is carried over`,
    );
  }
  return [...merged.values()];
}

function providerName({ vendor, baseUrl }: MergedAccount): string {
  return baseUrl === vendor.baseUrl ? vendor.name : (URL.parse(baseUrl)?.host ?? vendor.name);
}

function freeName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let number = 2; taken.has(name); number += 1) name = `${wanted}-${number}`;
  taken.add(name);
  return name;
}

function providerBlock(
  { vendor, baseUrl, models }: MergedAccount,
  accounts: readonly MergedAccount[],
  aliases: ReadonlyMap<string, readonly string[]>,
): object {
  const takenNames = new Set<string>();
  return {
    ...(isPrivateHost(URL.parse(baseUrl)?.hostname ?? '') && { allowPrivateNetwork: true }),
    endpoints: surfacesOf(vendor, { baseUrl, models }).map((surface) => ({
      name: ENDPOINT_NAMES[surface],
      surface,
      baseUrl,
    })),
    accounts: accounts.map(({ accountName, credential, weight, isPaused }, index) => ({
      name: freeName(accountName ?? `account-${index + 1}`, takenNames),
      credential,
      ...(weight !== null && { weight }),
      ...(isPaused && { paused: true }),
    })),
    models: [...models].map(([model, upstreamModel]) => ({
      model,
      ...(upstreamModel !== model && { upstreamModel }),
      ...(aliases.has(model) && { aliases: [...(aliases.get(model) ?? [])] }),
    })),
  };
}

/** A compatible server may have embeddings too, which only the names of its models tell. */
function surfacesOf(
  vendor: Vendor,
  { baseUrl, models }: { baseUrl: string; models: ReadonlyMap<string, string> },
): readonly Surface[] {
  if (baseUrl === vendor.baseUrl && vendor.surfaces.includes('openai-embeddings')) return vendor.surfaces;
  const first = vendor.surfaces.slice(0, 1);
  const embeds = first[0] === 'openai-chat' && [...models.values()].some((model) => /embed/i.test(model));
  return embeds ? [...first, 'openai-embeddings'] : first;
}
