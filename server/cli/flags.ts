// The flags, their environment twins and which command takes which. Splits argv by them; judges no value.

import { parseArgs } from 'node:util';
import { UsageError } from './usage-error.ts';

const FLAGS = {
  port: { type: 'string' },
  host: { type: 'string' },
  'data-dir': { type: 'string' },
  config: { type: 'string' },
  demo: { type: 'boolean' },
  name: { type: 'string' },
  user: { type: 'string' },
  policy: { type: 'string' },
  accounts: { type: 'string' },
  utilisation: { type: 'string' },
  slots: { type: 'string' },
  bucket: { type: 'string' },
  ttl: { type: 'string' },
  keys: { type: 'string' },
  copies: { type: 'string' },
  hours: { type: 'string' },
  seed: { type: 'string' },
  json: { type: 'boolean' },
  format: { type: 'string' },
  'dry-run': { type: 'boolean' },
  prune: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const;
export type Flag = keyof typeof FLAGS;

/** By what is typed. Help and version go with every command. */
const COMMANDS = {
  serve: ['port', 'host', 'data-dir', 'config', 'demo'],
  'check-config': [],
  'keys create': ['name', 'user', 'data-dir', 'config'],
  'admin reset': ['data-dir', 'config'],
  import: ['format', 'dry-run', 'prune', 'data-dir', 'config'],
  export: ['data-dir', 'config'],
  replay: [
    'policy',
    'accounts',
    'utilisation',
    'slots',
    'bucket',
    'ttl',
    'keys',
    'copies',
    'hours',
    'seed',
    'json',
  ],
} as const satisfies Record<string, readonly Flag[]>;
export type CommandName = keyof typeof COMMANDS;

export interface SplitArguments {
  /** Last one wins, as with most programs. A flag without a value is an empty text. */
  flags: ReadonlyMap<Flag, string>;
  command: CommandName;
  /** Words after the command. */
  operands: readonly string[];
}

export function splitArguments(argv: readonly string[]): SplitArguments {
  // Not strict: the errors of strict mode are worded by each runtime in its own way and suggest nothing.
  const { tokens } = parseArgs({ args: [...argv], options: FLAGS, strict: false, tokens: true });
  const flags = new Map<Flag, string>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind === 'option') flags.set(...readFlag(token));
  }
  const { command, operands } = splitWords(words);
  const isAsking = flags.has('help') || flags.has('version');
  const foreign = [...flags.keys()].find((flag) => !COMMANDS[command].some((own) => own === flag));
  if (foreign && !isAsking) throw new UsageError(`Cannot use --${foreign} with "warmpath ${command}"`);
  return { flags, command, operands };
}

interface OptionToken {
  name: string;
  rawName: string;
  value?: string | undefined;
  inlineValue?: boolean | undefined;
}

function readFlag({ name, rawName, value, inlineValue }: OptionToken): [Flag, string] {
  const flag = flagNamed(name);
  if (!flag) {
    const candidates = Object.keys(FLAGS).map((known) => `--${known}`);
    throw new UsageError(`Unknown flag ${rawName}`, { word: rawName, candidates });
  }
  if (FLAGS[flag].type === 'boolean') {
    if (value !== undefined) throw new UsageError(`Cannot use ${rawName} with a value: it takes none`);
    return [flag, ''];
  }
  const isNextFlag = inlineValue === false && value?.startsWith('-');
  if (!value || isNextFlag) throw new UsageError(`Cannot use ${rawName} without a value`);
  return [flag, value];
}

function flagNamed(name: string): Flag | null {
  return Object.hasOwn(FLAGS, name) ? (keysOf(FLAGS).find((flag) => flag === name) ?? null) : null;
}

function splitWords(words: readonly string[]): { command: CommandName; operands: readonly string[] } {
  if (words.length === 0) return { command: 'serve', operands: [] };
  for (const command of keysOf(COMMANDS)) {
    const parts = command.split(' ');
    if (parts.every((part, index) => words[index] === part)) {
      return { command, operands: words.slice(parts.length) };
    }
  }
  const word = words.slice(0, 2).join(' ');
  throw new UsageError(`Unknown command "${word}"`, { word, candidates: Object.keys(COMMANDS) });
}

function keysOf<Key extends string>(table: Readonly<Record<Key, unknown>>): Key[] {
  const isKey = (key: string): key is Key => Object.hasOwn(table, key);
  return Object.keys(table).filter(isKey);
}
