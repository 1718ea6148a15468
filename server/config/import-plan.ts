// Plans an import: which catalogue changes it makes, and what becomes of accounts whose credential it does not bring.

import type { AccountRow, CatalogChange, CatalogRows } from '../gateway/ports.ts';
import { isSame, planConfig } from './apply.ts';
import type { ReadImport } from './import.ts';
import type { PlanTools } from './plan.ts';
import { ConfigError, type ConfigProblem, renderPath } from './problems.ts';
import type { ConfigFile } from './schema.ts';

export type ImportPlan =
  | { changes: CatalogChange[]; warnings: string[]; problems: readonly [] }
  | { changes: null; warnings: string[]; problems: readonly ConfigProblem[] };

/** `prune` deletes what the source does not have, as the key of the same name in a configuration file does. */
export async function planImport(
  read: ReadImport,
  { prune, rows, tools }: { prune: boolean; rows: CatalogRows; tools: PlanTools },
): Promise<ImportPlan> {
  const { file, warnings } = read;
  if (!file) return { changes: null, warnings, problems: read.problems };
  const planned = await changesOf({ ...file, prune }, rows, tools);
  if ('problems' in planned) return { changes: null, warnings, problems: planned.problems };
  const kept = withKeptCredentials(planned.changes, { read, file, rows, tools });
  const all = [...warnings, ...kept.warnings];
  if (kept.problems.length > 0) return { changes: null, warnings: all, problems: kept.problems };
  return { changes: kept.changes, warnings: all, problems: [] };
}

async function changesOf(file: ConfigFile, rows: CatalogRows, tools: PlanTools) {
  try {
    return { changes: await planConfig(file, rows, tools) };
  } catch (error) {
    if (error instanceof ConfigError) return { problems: error.problems };
    throw error;
  }
}

interface Kept {
  changes: CatalogChange[];
  warnings: string[];
  problems: ConfigProblem[];
}

/**
 * An account that is there keeps its credential, and the origins it was given for: a base URL in the import must not
 * decide where a credential goes that the import does not know.
 */
function withKeptCredentials(
  changes: readonly CatalogChange[],
  of: { read: ReadImport; file: ConfigFile; rows: CatalogRows; tools: PlanTools },
): Kept {
  const { read, file, rows, tools } = of;
  const fingerprint = tools.fingerprint(read.keptCredential);
  const kept: Kept = { changes: [], warnings: [], problems: [] };
  for (const change of changes) {
    if (change.kind !== 'put-account' || change.row.credentialFingerprint !== fingerprint) {
      kept.changes.push(change);
      continue;
    }
    const existing = rows.accounts.find(({ id }) => id === change.row.id);
    const row = existing && withCredentialOf(change.row, existing);
    if (!row) missing(change.row, { changes, read, file, rows, kept });
    else if (!isSame(row, existing)) kept.changes.push({ kind: 'put-account', row });
  }
  const count = changes.length > 0 && keptCount(changes, fingerprint, rows);
  if (count) kept.warnings.push(`Accounts that keep the credential they have: ${count}`);
  return kept;
}

function keptCount(changes: readonly CatalogChange[], fingerprint: string, rows: CatalogRows): number {
  const isKept = (change: CatalogChange) =>
    change.kind === 'put-account' &&
    change.row.credentialFingerprint === fingerprint &&
    rows.accounts.some(({ id }) => id === change.row.id);
  return changes.filter(isKept).length;
}

function withCredentialOf(row: AccountRow, existing: AccountRow): AccountRow {
  const { sealedCredential, credentialFingerprint, credentialLast4, credentialOrigins, disabledReason } =
    existing;
  return {
    ...row,
    sealedCredential,
    credentialFingerprint,
    credentialLast4,
    credentialOrigins,
    disabledReason,
  };
}

/** A new account without its credential: our own file must bring it, from elsewhere the account is left out. */
function missing(
  row: AccountRow,
  of: {
    changes: readonly CatalogChange[];
    read: ReadImport;
    file: ConfigFile;
    rows: CatalogRows;
    kept: Kept;
  },
): void {
  const { changes, read, file, rows, kept } = of;
  const provider = providerNameOf(row.providerId, { changes, rows });
  if (read.format !== 'warmpath-yaml') {
    kept.warnings.push(
      `Account "${row.name}" of provider "${provider}" is left out: its credential is in an environment variable that cannot be read here`,
    );
    return;
  }
  kept.problems.push({
    path: renderPath(pathOf(file, { provider, account: row.name })),
    message: 'refers to an environment variable that cannot be read here, and the account is new',
    fault: { problem: 'unreadable-variable' },
    suggestion: null,
    line: null,
  });
}

function providerNameOf(
  id: string,
  { changes, rows }: { changes: readonly CatalogChange[]; rows: CatalogRows },
): string {
  const put = changes.find((change) => change.kind === 'put-provider' && change.row.id === id);
  if (put?.kind === 'put-provider') return put.row.name;
  return rows.providers.find((row) => row.id === id)?.name ?? '';
}

function pathOf(file: ConfigFile, named: { provider: string; account: string }) {
  const providers = file.providers ?? [];
  const providerIndex = providers.findIndex(({ name }) => name === named.provider);
  const accounts = providers[providerIndex]?.accounts ?? [];
  const accountIndex = accounts.findIndex(({ name }) => name === named.account);
  return ['providers', providerIndex, 'accounts', accountIndex, 'credential'];
}
