// Reads a configuration that is brought in: our own YAML, or that of another gateway. Reports every problem at once.

import { words } from '../gateway/input-faults.ts';
import { checkShape, type ParsedConfig, parseConfig } from './file.ts';
import type { ImportNotes } from './import-deployments.ts';
import { fromLitellm } from './import-litellm.ts';
import { fromOneApi } from './import-one-api.ts';
import { type Environment, wholeReference } from './interpolate.ts';
import type { ConfigProblem } from './problems.ts';
import type { ConfigFile } from './schema.ts';
import type { ReadFile } from './secret-files.ts';
import { type Block, isBlock } from './tree.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

export type ImportFormat = 'warmpath-yaml' | 'litellm-yaml' | 'one-api-json';

export interface ImportTools {
  /** What references to the environment may be resolved by; an empty one resolves none. */
  env: Environment;
  /** For `credentialFile` and `keyFile` of our own format. */
  readFile: ReadFile;
}

export interface ReadImport {
  /** Null when there are problems. */
  file: ConfigFile | null;
  problems: readonly ConfigProblem[];
  /** What could not be carried over, for people. */
  warnings: string[];
  format: ImportFormat;
  /** Stands where a credential's variable is not set: see import-plan.ts. */
  keptCredential: string;
}

/** What the text looks like; a guess. */
export function formatOf(text: string): ImportFormat {
  if (/^\s*[[{]/.test(text)) return 'one-api-json';
  return /^model_list:/m.test(text) ? 'litellm-yaml' : 'warmpath-yaml';
}

/** Keys of our own format that say how a process starts. */
const START_KEYS = ['port', 'host', 'dataDir', 'metrics', 'log', 'telemetry', 'prune'] as const;

export async function readImport(
  text: string,
  format: ImportFormat,
  tools: ImportTools,
): Promise<ReadImport> {
  const keptCredential = `kept-${crypto.randomUUID()}`;
  const read =
    format === 'warmpath-yaml'
      ? await readOwn(text, { ...tools, keptCredential })
      : readForeign(text, format, { env: tools.env, keptCredential });
  return { ...read, format, keptCredential };
}

type Read = Pick<ReadImport, 'file' | 'problems' | 'warnings'>;

async function readOwn(text: string, tools: ImportTools & { keptCredential: string }): Promise<Read> {
  const { env, readFile, keptCredential } = tools;
  const prepare = (data: unknown) => withKeptCredentials(data, { env, keptCredential });
  const { config, problems } = await parseConfig(text, { env, readFile, prepare });
  if (!config) return { file: null, problems, warnings: [] };
  const left = START_KEYS.filter((key) => config[key] !== undefined && config[key] !== null);
  const warnings = left.length > 0 ? [`Not carried over: ${left.join(', ')}`] : [];
  return { file: config, problems, warnings };
}

/** Credentials that are nothing but a reference whose variable is not set. */
function withKeptCredentials(
  data: unknown,
  { env, keptCredential }: { env: Environment; keptCredential: string },
): unknown {
  if (!isBlock(data) || !Array.isArray(data.providers)) return data;
  const account = (block: unknown): unknown => {
    const variable = isBlock(block) ? wholeReference(block.credential) : null;
    return isBlock(block) && variable !== null && !env[variable]
      ? { ...block, credential: keptCredential }
      : block;
  };
  const provider = (block: unknown): unknown =>
    isBlock(block) && Array.isArray(block.accounts)
      ? { ...block, accounts: block.accounts.map(account) }
      : block;
  return { ...data, providers: data.providers.map(provider) };
}

function readForeign(
  text: string,
  format: Exclude<ImportFormat, 'warmpath-yaml'>,
  tools: { env: Environment; keptCredential: string },
): Read {
  const source = format === 'litellm-yaml' ? readYaml(text) : readJson(text);
  if (source.errors.length > 0) {
    const problems = source.errors.map((error) => ({ path: '', suggestion: null, ...error }));
    return { file: null, problems, warnings: [] };
  }
  const notes: ImportNotes = { warnings: [], findings: [] };
  const data =
    format === 'litellm-yaml' ? fromLitellm(source.data, tools, notes) : fromOneApi(source.data, notes);
  const { config, problems } = checkTranslated(data, source, notes);
  return { file: config, problems, warnings: notes.warnings };
}

/** What the translation found is told by places of the source; what only the shape shows, by those of the result. */
function checkTranslated(data: Block, source: YamlSource, { findings }: ImportNotes): ParsedConfig {
  const result = checkShape(data, { findings: [], lineOf: () => null });
  if (findings.length === 0) return result;
  const ofSource = checkShape({}, { findings, lineOf: source.lineOf });
  return { config: null, problems: [...ofSource.problems, ...result.problems] };
}

const NO_JSON = words('is not valid JSON', { problem: 'not-json' });

function readJson(text: string): YamlSource {
  const lineOf = () => null;
  try {
    return { data: JSON.parse(text), errors: [], lineOf };
  } catch {
    return { data: undefined, errors: [{ message: NO_JSON, line: null }], lineOf };
  }
}
