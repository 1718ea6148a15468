// `warmpath import` and `warmpath export`: the catalogue in and out of the data directory.

import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { uuidv7 } from 'uuidv7';
import type { Command } from '../cli/arguments.ts';
import { importReport } from '../cli/import-report.ts';
import { configChanges } from '../config/diff.ts';
import { exportConfig } from '../config/export.ts';
import { formatOf, readImport } from '../config/import.ts';
import { planImport } from '../config/import-plan.ts';
import { ConfigError } from '../config/problems.ts';
import { withWorkspace } from './commands.ts';

type CommandOf<Kind extends Command['kind']> = Extract<Command, { kind: Kind }>;

/** References are resolved by this process's environment; files are looked for beside the imported one. */
export async function importFile(command: CommandOf<'import'>, entry: URL): Promise<number> {
  const { file, isDryRun, prune } = command;
  const text = await textOf(file);
  const read = await readImport(text, command.format ?? formatOf(text), {
    env: process.env,
    readFile: (name) => readFile(resolve(dirname(resolve(file)), name), 'utf8'),
  });
  if (read.problems.length > 0) throw new ConfigError(file, read.problems);
  return withWorkspace(command.options, entry, async ({ catalog, vault, clock }) => {
    const { rows } = catalog.current;
    const tools = {
      newId: uuidv7,
      seal: (plain: string, purpose: string) => vault.seal(plain, purpose),
      fingerprint: (plain: string) => vault.fingerprint(plain),
      nowMs: clock.nowMs(),
    };
    const { changes, warnings, problems } = await planImport(read, { prune, rows, tools });
    for (const warning of warnings) process.stderr.write(`Warning: ${warning}\n`);
    if (changes === null) throw new ConfigError(file, problems);
    if (!isDryRun && changes.length > 0) await catalog.apply(changes);
    process.stdout.write(`${importReport(configChanges(changes, rows), { isDryRun })}\n`);
  });
}

export async function exportToOutput({ options }: CommandOf<'export'>, entry: URL): Promise<number> {
  return withWorkspace(options, entry, async ({ catalog }) => {
    const { text, placeholders } = exportConfig(catalog.current.rows);
    process.stdout.write(text);
    if (placeholders.length === 0) return;
    process.stderr.write(
      `Credentials are left out; set these where it is imported: ${placeholders.join(' ')}\n`,
    );
  });
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const state = cause instanceof Error && 'code' in cause ? cause.code : cause;
    throw new Error(`Cannot read "${file}": ${state}`, { cause });
  }
}
