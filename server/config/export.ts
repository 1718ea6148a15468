// The catalogue as the text of a configuration file, to be kept, compared and applied elsewhere. Pure; holds no secret.

import { stringify } from 'yaml';
import type {
  AccountRow,
  ApiKey,
  CatalogRows,
  Model,
  ModelPrice,
  Provider,
  Settings,
} from '../gateway/ports.ts';

export interface ExportedConfig {
  text: string;
  /** Environment variables that stand in for credentials, in the order of the text. */
  placeholders: string[];
}

const HEADER = `# Credentials are left out: each is a reference to an environment variable. A webhook's URL is left out.
# Imported where the account exists already, a variable that is not set leaves its credential as it is.
`;

export function exportConfig(rows: CatalogRows): ExportedConfig {
  const variables = variableNames(rows);
  // Its URL may hold a token.
  const { webhook: _, ...alerts } = rows.settings.alerts;
  const data = {
    ...settingsBlocks(rows.settings),
    alerts,
    providers: rows.providers.map((provider) => providerBlock(provider, rows, variables)),
    models: rows.models.map(modelBlock),
    users: rows.users.map(({ username, email }) => ({ username, ...(email !== null && { email }) })),
  };
  const yaml = stringify(escaped(data), { lineWidth: 0, aliasDuplicateObjects: false });
  return { text: `${HEADER}${yaml}${apiKeyNotes(rows)}`, placeholders: [...variables.values()] };
}

/** A webhook's URL may hold a token. Left out, it stays as it is where this is imported. */
function settingsBlocks({ alerts, ...settings }: Settings): object {
  const { webhook: _webhook, ...rest } = alerts;
  return { ...settings, alerts: rest };
}

/** Credentials are put in after the escaping, which would take their references for text. */
class Reference {
  readonly variable: string;

  constructor(variable: string) {
    this.variable = variable;
  }
}

/** `${` in a name is text, and has to be written as such. */
function escaped(value: unknown): unknown {
  if (value instanceof Reference) return `\${${value.variable}}`;
  if (typeof value === 'string') return value.replaceAll(/\$\{(?=[^}\n]*\})/g, '$$$${');
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, escaped(part)]));
}

/** By account id. The same rows give the same names. */
function variableNames({ providers, accounts }: CatalogRows): Map<string, string> {
  const taken = new Set<string>();
  const names = new Map<string, string>();
  for (const provider of providers) {
    for (const account of accounts.filter(({ providerId }) => providerId === provider.id)) {
      const wanted = `WARMPATH_CREDENTIAL_${asVariable(provider.name)}_${asVariable(account.name)}`;
      let name = wanted;
      for (let number = 2; taken.has(name); number += 1) name = `${wanted}_${number}`;
      taken.add(name);
      names.set(account.id, name);
    }
  }
  return names;
}

function asVariable(name: string): string {
  return (
    name
      .toUpperCase()
      .replaceAll(/[^A-Z0-9]+/g, '_')
      .replaceAll(/^_+|_+$/g, '') || 'X'
  );
}

function providerBlock(
  { id, name, allowPrivateNetwork }: Provider,
  rows: CatalogRows,
  variables: ReadonlyMap<string, string>,
): object {
  const isOwn = ({ providerId }: { providerId: string }) => providerId === id;
  return {
    name,
    ...(allowPrivateNetwork && { allowPrivateNetwork }),
    endpoints: rows.endpoints.filter(isOwn).map(({ name, surface, baseUrl }) => ({ name, surface, baseUrl })),
    accounts: rows.accounts
      .filter(isOwn)
      .map((account) => accountBlock(account, new Reference(variables.get(account.id) ?? ''))),
    models: rows.mappings.filter(isOwn).map(({ modelId, upstreamModel, aliases }) => {
      const model = rows.models.find((row) => row.id === modelId)?.name ?? '';
      return {
        model,
        ...(upstreamModel !== model && { upstreamModel }),
        ...(aliases.length > 0 && { aliases: [...aliases] }),
      };
    }),
  };
}

/** What is as if nothing had been said is not said. */
function accountBlock(account: AccountRow, credential: Reference): object {
  const { name, weight, maxConcurrent, cacheTtlMinutes, rateMultiplier, usdPerCredit, cacheDomain } = account;
  return {
    name,
    credential,
    ...(weight !== 1 && { weight }),
    ...(maxConcurrent !== null && { maxConcurrent }),
    ...(cacheTtlMinutes !== null && { cacheTtlMinutes }),
    ...(rateMultiplier !== 1 && { rateMultiplier }),
    ...(usdPerCredit !== null && { usdPerCredit }),
    ...(cacheDomain !== null && { cacheDomain }),
    ...(account.isPaused && { paused: true }),
  };
}

function modelBlock({ name, displayName, price, routePolicy, routeProfile }: Model): object {
  return {
    name,
    ...(displayName !== null && { displayName }),
    ...(price !== null && { price: priceBlock(price) }),
    ...(routePolicy !== null && { routePolicy }),
    ...(routeProfile !== null && { routeProfile }),
  };
}

function priceBlock({ tiers, ...prices }: ModelPrice): object {
  const bands = tiers.map(({ aboveInputTokens, ...band }) => ({ aboveInputTokens, ...stated(band) }));
  return { ...stated(prices), ...(bands.length > 0 && { tiers: bands }) };
}

function stated(prices: object): object {
  return Object.fromEntries(Object.entries(prices).filter(([, price]) => price !== null));
}

/** Of an API key only its hash is known, which brings no key back. */
function apiKeyNotes({ apiKeys, users }: CatalogRows): string {
  if (apiKeys.length === 0) return '';
  const lines = apiKeys.map(({ name, masked, userId }: ApiKey) => {
    const username = users.find(({ id }) => id === userId)?.username;
    return `#   ${onOneLine(name)} (${masked})${username === undefined ? '' : ` of ${onOneLine(username)}`}`;
  });
  return `# API keys cannot be exported: only their hashes are kept.\n${lines.join('\n')}\n`;
}

function onOneLine(text: string): string {
  return text.replaceAll(/\p{Cc}|\u2028|\u2029/gu, ' ');
}
