// Reads a configuration file: YAML, environment, secret files, shape, cross-checks. Reports every problem at once.

import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import * as v from 'valibot';
import { words } from '../gateway/input-faults.ts';
import { crossCheck } from './cross-checks.ts';
import { disguiseReferences, type Environment, interpolate } from './interpolate.ts';
import {
  ConfigError,
  type ConfigProblem,
  type Finding,
  MISSING,
  type PathStep,
  renderPath,
} from './problems.ts';
import { type ConfigFile, configFileSchema, UNKNOWN_KEY } from './schema.ts';
import { type ReadFile, readSecretFiles } from './secret-files.ts';
import { readYaml, type YamlSource } from './yaml-source.ts';

/** Reads and checks the file; throws a ConfigError that lists every problem. */
export async function loadConfigFile(path: string, env: Environment): Promise<ConfigFile> {
  const folder = dirname(resolve(path));
  const fromFolder = (name: string) => (isAbsolute(name) ? name : resolve(folder, name));
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new ConfigError(path, [{ path: '', message: unreadable(error), suggestion: null, line: null }]);
  });
  const result = await parseConfig(text, { env, readFile: (name) => readFile(fromFolder(name), 'utf8') });
  if (result.config === null) throw new ConfigError(path, result.problems);
  const { dataDir } = result.config;
  return dataDir ? { ...result.config, dataDir: fromFolder(dataDir) } : result.config;
}

export type ParsedConfig =
  | { config: ConfigFile; problems: readonly [] }
  | { config: null; problems: readonly ConfigProblem[] };

/**
 * Checks the text of a configuration file. An empty file is a valid configuration that says nothing. `prepare` may change
 * the data before references are resolved.
 */
export async function parseConfig(
  text: string,
  { env, readFile, prepare }: { env: Environment; readFile: ReadFile; prepare?: (data: unknown) => unknown },
): Promise<ParsedConfig> {
  const yaml = readYaml(disguiseReferences(text));
  if (yaml.errors.length > 0) {
    return { config: null, problems: yaml.errors.map((error) => ({ path: '', suggestion: null, ...error })) };
  }
  const given = yaml.data ?? {};
  const resolved = interpolate(prepare ? prepare(given) : given, env);
  const complete = await readSecretFiles(resolved.data, readFile);
  const findings = [...resolved.findings, ...complete.findings];
  return checkShape(complete.data, { findings, lineOf: yaml.lineOf });
}

/** Checks the data of a configuration without references; `findings`: what is known to be wrong with it already. */
export function checkShape(
  data: unknown,
  { findings: known, lineOf }: { findings: readonly Finding[]; lineOf: YamlSource['lineOf'] },
): ParsedConfig {
  const parsed = v.safeParse(configFileSchema, data);
  const findings = [...known, ...(parsed.issues ?? []).map(findingOf), ...crossCheck(data)];
  if (parsed.success && findings.length === 0) return { config: parsed.output, problems: [] };
  return { config: null, problems: toProblems(findings, lineOf) };
}

const HIDDEN_KEY = words('has a key that is not known (is a space missing after a colon?)', {
  problem: 'holds-unknown-key',
});

/** Nobody reads more at once, and each is looked up in the text. */
const MAX_PROBLEMS = 200;

/** The first finding at a path explains the later ones there. In the order of the file. */
function toProblems(findings: readonly Finding[], lineOf: YamlSource['lineOf']): ConfigProblem[] {
  const byPath = new Map<string, ConfigProblem>();
  for (const { path, message, suggestion = null, ...meaning } of findings) {
    if (byPath.size >= MAX_PROBLEMS) break;
    const place = renderPath(presentable(path));
    if (!byPath.has(place))
      byPath.set(place, { path: place, message, suggestion, line: lineOf(path), ...meaning });
  }
  return [...byPath.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
}

function findingOf(issue: v.BaseIssue<unknown>): Finding {
  const path = (issue.path ?? []).flatMap(({ key }): PathStep[] =>
    typeof key === 'string' || typeof key === 'number' ? [key] : [],
  );
  const suggestion = issue.type.startsWith('raw_') ? issue.expected || null : null;
  if (issue.message === UNKNOWN_KEY) return unknownKey(path, suggestion);
  if (issue.kind === 'schema' && issue.received === 'undefined') return { path, message: MISSING };
  return { path, message: issue.message, suggestion };
}

/** The path up to the first key that must not be shown. */
function presentable(path: readonly PathStep[]): readonly PathStep[] {
  const end = path.findIndex((step) => typeof step === 'string' && !looksLikeKey(step));
  return end < 0 ? path : path.slice(0, end);
}

/** `{ credential:sk-… }` without a space is a key to YAML, so not every key can be quoted. */
function looksLikeKey(key: string): boolean {
  return /^([A-Za-z]|5m|1h){1,30}([_-][A-Za-z]{1,12}){0,2}$/.test(key);
}

function unknownKey(path: readonly PathStep[], suggestion: string | null): Finding {
  if (looksLikeKey(String(path.at(-1)))) return { path, message: UNKNOWN_KEY, suggestion };
  return { path, message: HIDDEN_KEY };
}

function unreadable(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'the file cannot be read: permission denied';
  if (code === 'EISDIR') return 'it is a directory';
  return 'the file cannot be read';
}
