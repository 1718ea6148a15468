// Bringing a configuration in, and taking it out.
//
// The server's environment is not read here: a reference in an imported text would be resolved, sent to the host that the
// same text names, and so read out. Whoever may read the environment imports on the command line.

import { uuidv7 } from 'uuidv7';
import { type ConfigChange, type ConfigFieldChange, configChanges } from '../config/diff.ts';
import { type ExportedConfig, exportConfig } from '../config/export.ts';
import { type ImportFormat, readImport } from '../config/import.ts';
import { type ImportPlan, planImport } from '../config/import-plan.ts';
import type { ConfigProblem } from '../config/problems.ts';
import type { Catalog } from '../gateway/catalog.ts';
import { faultOf } from '../gateway/input-faults.ts';
import type { Binding, CatalogChange } from '../gateway/ports.ts';
import { ADMIN, builder, VIEWER } from './builder.ts';
import type { AdminContext } from './context.ts';
import { type UserError, UserErrorRef } from './user-error.ts';

const ImportFormatRef = builder.enumType('ImportFormat', {
  description: 'What a configuration is written in.',
  values: {
    WARMPATH_YAML: { value: 'warmpath-yaml', description: 'A configuration file of this gateway.' },
    LITELLM_YAML: { value: 'litellm-yaml', description: 'The `config.yaml` of the LiteLLM proxy.' },
    ONE_API_JSON: {
      value: 'one-api-json',
      description: 'Channels of one-api or new-api as JSON: a list, or as their API answers.',
    },
  } as const,
});

const ConfigChangeKindRef = builder.enumType('ConfigChangeKind', {
  description: 'What becomes of an entry.',
  values: {
    CREATE: { value: 'create', description: 'It is new.' },
    UPDATE: { value: 'update', description: 'It is there and changes.' },
    DELETE: { value: 'delete', description: 'It goes, with its affinities.' },
  } as const,
});

const ConfigFieldChangeRef = builder.objectRef<ConfigFieldChange>('ConfigFieldChange').implement({
  description: 'One value before and after. Of a secret only whether it is set or changed is told.',
  authScopes: VIEWER,
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Such as `weight` or `credential`.' }),
    before: t.exposeString('before', { nullable: true, description: 'As JSON; null = there was none.' }),
    after: t.exposeString('after', { nullable: true, description: 'As JSON; null = there will be none.' }),
  }),
});

const ConfigChangeRef = builder.objectRef<ConfigChange>('ConfigChange').implement({
  description: 'What an import does to one entry.',
  authScopes: VIEWER,
  fields: (t) => ({
    kind: t.field({ type: ConfigChangeKindRef, description: 'What happens.', resolve: ({ kind }) => kind }),
    type: t.string({
      description: 'provider, endpoint, account, model, mapping, user, api-key or settings.',
      resolve: ({ type }) => type,
    }),
    name: t.exposeString('name', {
      description: 'Its name; that of a part of a provider after the provider: `anthropic/team-a`.',
    }),
    fields: t.field({
      type: [ConfigFieldChangeRef],
      description: 'What changes of it. Empty for what goes.',
      resolve: ({ fields }) => fields,
    }),
  }),
});

interface ImportShape {
  changes: ConfigChange[];
  warnings: string[];
  isApplied: boolean;
  errors: UserError[];
}

const ImportPayload = builder.objectRef<ImportShape>('ImportPayload').implement({
  description: 'What an import does, or would do.',
  authScopes: VIEWER,
  fields: (t) => ({
    changes: t.field({
      type: [ConfigChangeRef],
      description: 'Empty when everything is so already, and when there are errors.',
      resolve: ({ changes }) => changes,
    }),
    warnings: t.exposeStringList('warnings', {
      description: 'For people, in English: what could not be carried over.',
    }),
    isApplied: t.exposeBoolean('isApplied', {
      description: 'The changes are made. False of a dry run and with errors.',
    }),
    errors: t.field({
      type: [UserErrorRef],
      description:
        'Empty on success; else every problem at once, and nothing was changed. The last element of `path` leads to the place in the text.',
      resolve: ({ errors }) => errors,
    }),
  }),
});

const ImportConfigInput = builder.inputType('ImportConfigInput', {
  description: 'A configuration to bring in.',
  fields: (t) => ({
    format: t.field({ type: ImportFormatRef, required: true, description: 'What the text is written in.' }),
    text: t.string({
      required: true,
      description:
        'The configuration. References to the environment and to files are not resolved here: where the account is there already, it keeps its credential and the origins it was given for.',
    }),
    dryRun: t.boolean({ defaultValue: true, description: 'Only tell what would change.' }),
    prune: t.boolean({
      defaultValue: false,
      description: 'Delete the entries of every list in the text that the list does not have.',
    }),
  }),
});

const ExportPayload = builder.objectRef<ExportedConfig>('ExportedConfig').implement({
  description: 'The configuration as a file of this gateway.',
  authScopes: VIEWER,
  fields: (t) => ({
    text: t.exposeString('text', {
      description:
        'YAML. Credentials are references to environment variables; API keys are listed in comments only.',
    }),
    placeholders: t.exposeStringList('placeholders', {
      description: 'Environment variables that stand in for credentials, in the order of the text.',
    }),
  }),
});

builder.mutationField('importConfig', (t) =>
  t.field({
    type: ImportPayload,
    description:
      'Brings a configuration in, by names: entries of the text are made or changed, others stay unless `prune`. All of it or nothing.',
    args: { input: t.arg({ type: ImportConfigInput, required: true }) },
    resolve: (_root, { input }, context) =>
      importConfig(context, {
        text: input.text,
        format: input.format,
        isDryRun: input.dryRun ?? true,
        prune: input.prune ?? false,
      }),
  }),
);

builder.queryField('exportConfig', (t) =>
  t.field({
    type: ExportPayload,
    skipTypeScopes: true,
    authScopes: ADMIN,
    description: 'The whole configuration without secrets, to be kept, compared or imported elsewhere.',
    resolve: (_root, _args, { parts }) => exportConfig(parts.catalog.current.rows),
  }),
);

async function importConfig(
  context: AdminContext,
  asked: { text: string; format: ImportFormat; isDryRun: boolean; prune: boolean },
): Promise<ImportShape> {
  const { desk, parts } = context;
  if (asked.text.length > MAX_TEXT_CHARACTERS) return tooLong();
  const tools = { env: {}, readFile: () => Promise.reject(new Error('Cannot read files for an import')) };
  const read = await readImport(asked.text, asked.format, tools);
  if (refersOutside(asked.text)) read.warnings.push(NOT_RESOLVED);
  const plan = ({ rows }: Catalog) => planImport(read, { prune: asked.prune, rows, tools: planTools(parts) });
  if (asked.isDryRun) {
    const catalog = parts.catalog.current;
    return shapeOf(await plan(catalog), { catalog, isApplied: false });
  }
  return desk.edit(async (catalog) => {
    const planned = await plan(catalog);
    const shape = shapeOf(planned, { catalog, isApplied: planned.changes !== null });
    if (planned.changes === null) return { changes: [], result: () => shape };
    const { changes } = planned;
    parts.affinity.clear(namesDeleted(changes), 'import-deleted');
    return {
      changes,
      result: () => {
        tellImported(context, changes, catalog);
        return shape;
      },
    };
  });
}

/** Some thousands of accounts. Checking takes this thread for a while, and all requests wait for it. */
const MAX_TEXT_CHARACTERS = 300_000;

function tooLong(): ImportShape {
  const message = `Cannot import the text: it has more than ${MAX_TEXT_CHARACTERS} characters; import in parts, or with the command line`;
  const error: UserError = {
    code: 'invalid-value',
    message,
    path: ['input', 'text'],
    retryAfterSeconds: null,
    problem: 'too-long',
    max: MAX_TEXT_CHARACTERS,
  };
  return { changes: [], warnings: [], isApplied: false, errors: [error] };
}

const NOT_RESOLVED =
  'References to the environment are not resolved over the API: write the value, or import with the command line';

/** Our own references, and LiteLLM's. */
function refersOutside(text: string): boolean {
  return /\$\{[A-Za-z_]\w*\}|os\.environ\//.test(text);
}

function planTools({ vault, clock }: AdminContext['parts']) {
  return {
    newId: uuidv7,
    seal: (plain: string, purpose: string) => vault.seal(plain, purpose),
    fingerprint: (plain: string) => vault.fingerprint(plain),
    nowMs: clock.nowMs(),
  };
}

function shapeOf(plan: ImportPlan, at: { catalog: Catalog; isApplied: boolean }): ImportShape {
  const { changes, warnings, problems } = plan;
  return {
    changes: changes ? configChanges(changes, at.catalog.rows) : [],
    warnings,
    isApplied: at.isApplied,
    errors: problems.map(asUserError),
  };
}

function asUserError({ path, message, suggestion, line, fault }: ConfigProblem): UserError {
  const place = [path || 'the text', line === null ? '' : `(line ${line})`].filter((part) => part !== '');
  const hint = suggestion === null ? '' : `. Did you mean "${suggestion}"?`;
  return {
    code: 'invalid-value',
    message: `Cannot import ${place.join(' ')}: it ${message}${hint}`,
    path: ['input', 'text', ...(path === '' ? [] : [path])],
    retryAfterSeconds: null,
    ...(suggestion === null ? {} : { detail: suggestion }),
    ...(fault ?? faultOf(message)),
  };
}

/** Bindings that name what goes could never be used again. */
function namesDeleted(changes: readonly CatalogChange[]): (binding: Binding) => boolean {
  const ids = new Set(changes.flatMap((change) => (change.kind === 'delete' ? [change.id] : [])));
  // A key that another takes the secret of is deleted and comes back.
  for (const change of changes) if (change.kind === 'put-api-key') ids.delete(change.row.id);
  return ({ providerId, endpointId, accountId, modelId, apiKeyId }) =>
    [providerId, endpointId, accountId, modelId, apiKeyId].some((id) => id !== null && ids.has(id));
}

/** Once it is stored: a new credential ends what is held against the old, and watchers look again. */
function tellImported({ parts }: AdminContext, changes: readonly CatalogChange[], before: Catalog): void {
  // A request may have been bound in between.
  parts.affinity.clear(namesDeleted(changes), 'import-deleted');
  for (const change of changes) {
    if (change.kind !== 'put-account') continue;
    const { id, credentialFingerprint } = change.row;
    const existing = before.accounts.get(id);
    if (existing && existing.credentialFingerprint !== credentialFingerprint) parts.health.reset(id);
    parts.live.publish({ kind: 'account', accountId: id });
  }
}
