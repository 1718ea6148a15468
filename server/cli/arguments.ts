// Turns argv and environment into a command. Pure: starts nothing and prints nothing. Never quotes a secret.

import type { Environment } from '../config/interpolate.ts';
import { isListenHost } from '../config/listen-host.ts';
import type { GivenOptions } from '../config/options.ts';
import { type CommandName, type Flag, type SplitArguments, splitArguments } from './flags.ts';
import { type ImportRequest, importRequest } from './import-arguments.ts';
import { type ReplayCommand, replayCommand } from './replay-arguments.ts';
import { UsageError } from './usage-error.ts';

export type StorageOptions = Pick<GivenOptions, 'dataDir' | 'configFile' | 'masterKey'>;

export type Command =
  | { kind: 'serve'; options: GivenOptions }
  | { kind: 'check-config'; file: string }
  | { kind: 'create-key'; name: string; username: string | null; options: StorageOptions }
  | { kind: 'reset-admin'; options: StorageOptions }
  | ({ kind: 'import'; options: StorageOptions } & ImportRequest)
  | { kind: 'export'; options: StorageOptions }
  | ReplayCommand
  | { kind: 'help' }
  | { kind: 'version' };

/** Secrets that people choose themselves may not be shorter. */
const MIN_SECRET_LENGTH = 16;

/** A usage error is returned, not thrown. */
export function parseArguments(argv: readonly string[], env: Environment): Command | UsageError {
  try {
    return readCommand(splitArguments(argv), env);
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
}

function readCommand({ flags, command, operands }: SplitArguments, env: Environment): Command {
  if (flags.has('help')) return { kind: 'help' };
  if (flags.has('version')) return { kind: 'version' };
  const takesFile = TAKING_FILE.has(command);
  const [file, surplus] = takesFile ? operands : [undefined, operands[0]];
  if (surplus !== undefined) throw new UsageError(`Cannot use "${surplus}" with "warmpath ${command}"`);
  const given = { flags, env };
  switch (command) {
    case 'serve':
      return { kind: 'serve', options: serveOptions(given) };
    case 'check-config':
      if (!file) throw new UsageError('Cannot check a configuration without its file: check-config FILE');
      return { kind: 'check-config', file };
    case 'keys create':
      return {
        kind: 'create-key',
        name: keyName(given),
        username: flags.get('user') ?? null,
        options: storageOptions(given),
      };
    case 'replay':
      return replayCommand(file, flags);
    case 'import':
      return { kind: 'import', options: storageOptions(given), ...importRequest(file, flags) };
    case 'export':
      return { kind: 'export', options: storageOptions(given) };
    case 'admin reset':
      return { kind: 'reset-admin', options: storageOptions(given) };
    default:
      return command satisfies never;
  }
}

const TAKING_FILE: ReadonlySet<CommandName> = new Set(['check-config', 'replay', 'import']);

interface Given {
  flags: ReadonlyMap<Flag, string>;
  env: Environment;
}

function serveOptions(given: Given): GivenOptions {
  return {
    ...storageOptions(given),
    port: portOption(given),
    host: hostOption(given),
    demo: given.flags.has('demo') || switchVariable('WARMPATH_DEMO', given.env),
    adminToken: secretVariable('WARMPATH_ADMIN_TOKEN', given.env),
  };
}

function storageOptions(given: Given): StorageOptions {
  refuseVariable('WARMPATH_DATABASE_URL', { env: given.env, instead: 'SQLite in the data directory' });
  refuseVariable('WARMPATH_REDIS_URL', { env: given.env, instead: 'memory of one node' });
  return {
    dataDir: option(given, 'data-dir', 'WARMPATH_DATA_DIR')?.text ?? null,
    configFile: option(given, 'config', 'WARMPATH_CONFIG')?.text ?? null,
    masterKey: secretVariable('WARMPATH_MASTER_KEY', given.env),
  };
}

/** A setting that exists elsewhere but not here must not look as if it worked. */
function refuseVariable(name: string, { env, instead }: { env: Environment; instead: string }): void {
  if (!env[name]) return;
  throw new UsageError(`Cannot use ${name}: not available in this version, which has ${instead}; unset it`);
}

/** The flag's value, else the environment's; an empty variable counts as absent. */
function option(
  { flags, env }: Given,
  flag: Flag,
  variable: string,
): { text: string; source: string } | null {
  const text = flags.get(flag);
  if (text !== undefined) return { text, source: `--${flag}` };
  const value = env[variable];
  return value ? { text: value, source: variable } : null;
}

function portOption(given: Given): number | null {
  const said = option(given, 'port', given.env.WARMPATH_PORT ? 'WARMPATH_PORT' : 'PORT');
  if (!said) return null;
  const port = /^\d{1,5}$/.test(said.text) ? Number(said.text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new UsageError(
    `Cannot use ${said.source} "${said.text}": a port is a whole number from 0 to 65535 (0 = any free one)`,
  );
}

function hostOption(given: Given): string | null {
  const said = option(given, 'host', 'WARMPATH_HOST');
  if (!said) return null;
  const host = said.text.replace(/^\[(.*)\]$/, '$1');
  if (isListenHost(host)) return host;
  throw new UsageError(
    `Cannot use ${said.source} "${said.text}": give a host name or an address to listen on, without scheme or port`,
  );
}

function switchVariable(name: string, env: Environment): boolean {
  const text = env[name] ?? '';
  if (text === '1' || text === 'true') return true;
  if (text === '' || text === '0' || text === 'false') return false;
  throw new UsageError(`Cannot use ${name}: write 1 to switch it on, 0 to switch it off`);
}

function secretVariable(name: string, env: Environment): string | null {
  const text = env[name]?.trim();
  if (!text) return null;
  if (text.length >= MIN_SECRET_LENGTH) return text;
  throw new UsageError(`Cannot use ${name}: it has fewer than ${MIN_SECRET_LENGTH} characters`);
}

function keyName({ flags }: Given): string {
  const name = flags.get('name')?.trim();
  if (!name) throw new UsageError('Cannot create an API key without a name: keys create --name NAME');
  if (name.length <= 200 && !/\p{Cc}/u.test(name)) return name;
  throw new UsageError('Cannot use --name: a name is one line of at most 200 characters');
}
