// Translates an export of one-api or new-api channels into the data of a configuration file. Pure; never quotes a key.

import { baseUrlProblem, normalizeBaseUrl } from '../gateway/base-url.ts';
import { type Deployment, type ImportNotes, providersOf, quoted } from './import-deployments.ts';
import { isSendable } from './import-secrets.ts';
import {
  KNOWN_CHANNEL_TYPES,
  NEW_API_CHANNEL_TYPES,
  ONE_API_CHANNEL_TYPES,
  OPENAI_COMPATIBLE,
  UNSUPPORTED_CHANNEL_TYPES,
  type Vendor,
} from './import-vendors.ts';
import { MISSING } from './problems.ts';
import { type Block, blockOf, blocksOf, isBlock, numberOf, type Placed, textOf } from './tree.ts';

const ENABLED = 1;
/** Columns that only the one or the other program has. */
const NEW_API_COLUMNS = ['channel_info', 'auto_ban', 'setting', 'tag', 'param_override'];
const ONE_API_COLUMNS = ['config', 'system_prompt'];

/** Data as a configuration file has it; problems and what is left behind go to `notes`. */
export function fromOneApi(data: unknown, notes: ImportNotes): Block {
  const channels = channelsOf(data);
  if (!channels) {
    notes.findings.push({ path: [], message: 'is no list of channels', fault: { problem: 'not-channels' } });
    return {};
  }
  const types = typesOf(channels, notes);
  const deployments = channels.flatMap((channel) => deploymentsOf(channel, { types, notes }));
  warnOfLosses(channels, notes);
  return { providers: providersOf(deployments, new Map(), notes) };
}

/** The list itself, or as the programs' own API answers: under `data`, or under `data.items`. */
function channelsOf(data: unknown): Placed[] | null {
  if (Array.isArray(data)) return blocksOf({ channels: data }, 'channels').map(withoutRoot);
  if (!isBlock(data)) return null;
  if (Array.isArray(data.data)) return blocksOf(data, 'data');
  const nested = blockOf(data, 'data');
  return Array.isArray(nested.items) ? blocksOf(nested, 'items', ['data']) : null;
}

function withoutRoot({ block, path }: Placed): Placed {
  return { block, path: path.slice(1) };
}

/** The two programs number some types differently. */
function typesOf(channels: readonly Placed[], notes: ImportNotes): Readonly<Record<number, Vendor>> {
  const has = (columns: readonly string[]) =>
    channels.some(({ block }) => columns.some((column) => column in block));
  if (has(NEW_API_COLUMNS)) return NEW_API_CHANNEL_TYPES;
  if (has(ONE_API_COLUMNS)) return ONE_API_CHANNEL_TYPES;
  notes.warnings.push(
    'The export does not tell whether it is of one-api or new-api, which number some types differently: channels of such types are carried over only when they state a base URL',
  );
  return KNOWN_CHANNEL_TYPES;
}

interface Reading {
  types: Readonly<Record<number, Vendor>>;
  notes: ImportNotes;
}

/** One for each key of the channel. */
function deploymentsOf({ block, path }: Placed, reading: Reading): Deployment[] {
  const { notes } = reading;
  const name = textOf(block, 'name') || `channel-${numberOf(block, 'id') ?? 'unnamed'}`;
  const vendor = vendorOf(block, name, reading);
  if (!vendor) return [];
  const baseUrl = baseUrlOf({ block, path }, { name, vendor, notes });
  const keys = keysOf({ block, path }, notes);
  const models = modelsOf({ block, path }, notes);
  if (baseUrl === null || keys.length === 0 || models.size === 0) return [];
  return keys.map(({ key, isPaused }, index) => ({
    vendor,
    baseUrl,
    credential: key,
    credentialKey: key,
    accountName: keys.length === 1 ? name : `${name} ${index + 1}`,
    weight: weightOf(block),
    isPaused,
    models,
    path,
  }));
}

/** A type that is not known here but states its base URL most likely speaks Chat Completions, as most do. */
function vendorOf(block: Block, name: string, { types, notes }: Reading): Vendor | null {
  const type = numberOf(block, 'type') ?? 0;
  const known = types[type];
  const unsupported = UNSUPPORTED_CHANNEL_TYPES[type];
  if (known) return known;
  if (unsupported === undefined && textOf(block, 'base_url')) {
    notes.warnings.push(
      `Channel ${quoted(name)}: type ${type} is not known here; taken for an OpenAI-compatible server at its base URL`,
    );
    return OPENAI_COMPATIBLE;
  }
  const what = unsupported === undefined ? `type ${type}` : `type ${type} (${unsupported})`;
  notes.warnings.push(`Channel ${quoted(name)}: ${what} is not supported; left out`);
  return null;
}

function baseUrlOf(
  { block, path }: Placed,
  { name, vendor, notes }: { name: string; vendor: Vendor; notes: ImportNotes },
): string | null {
  const text = textOf(block, 'base_url') || vendor.baseUrl;
  if (text === null) {
    notes.findings.push({ path: [...path, 'base_url'], message: MISSING });
    return null;
  }
  // Channels of the type "custom" state the whole URL of the call.
  const baseUrl = normalizeBaseUrl(text.replace(/\/chat\/completions\/*$/, ''));
  const problem = baseUrlProblem(baseUrl, { allowPrivateNetwork: true });
  if (problem === null) return baseUrl;
  if (/[{}]/.test(text)) {
    notes.warnings.push(
      `Channel ${quoted(name)}: a base URL with places to fill in is not supported; left out`,
    );
  } else notes.findings.push({ path: [...path, 'base_url'], message: problem });
  return null;
}

/** One key a line. new-api can switch off single keys. */
function keysOf({ block, path }: Placed, notes: ImportNotes): { key: string; isPaused: boolean }[] {
  const isOff = numberOf(block, 'status') !== ENABLED && 'status' in block;
  const states = blockOf(blockOf(block, 'channel_info'), 'multi_key_status_list');
  const lines = (textOf(block, 'key') ?? '').split(/\r?\n/).map((line) => line.trim());
  const keys = lines.flatMap((key, index) => {
    const state = numberOf(states, String(index));
    return key === '' ? [] : [{ key, isPaused: isOff || (state !== null && state !== ENABLED) }];
  });
  if (keys.length === 0) notes.findings.push({ path: [...path, 'key'], message: MISSING });
  else if (!keys.every(({ key }) => isSendable(key))) {
    notes.findings.push({
      path: [...path, 'key'],
      message: 'must be printable ASCII, one key a line',
      fault: { problem: 'not-printable' },
    });
  }
  return keys;
}

/** `models` with what `model_mapping` makes of them. */
function modelsOf({ block, path }: Placed, notes: ImportNotes): Map<string, string> {
  const names = (textOf(block, 'models') ?? '').split(',').map((name) => name.trim());
  const mapping = mappingOf(block);
  if (mapping === null) {
    notes.findings.push({
      path: [...path, 'model_mapping'],
      message: 'is not a JSON object of texts',
      fault: { problem: 'not-json' },
    });
  }
  const models = names.flatMap((name) => (name === '' ? [] : [[name, mapping?.get(name) ?? name] as const]));
  if (models.length === 0) notes.findings.push({ path: [...path, 'models'], message: MISSING });
  return new Map(models);
}

/** Null when it cannot be read. */
function mappingOf(block: Block): Map<string, string> | null {
  const text = textOf(block, 'model_mapping');
  const data = text ? parsedJson(text) : (block.model_mapping ?? {});
  if (data === null) return new Map();
  if (!isBlock(data)) return text === '' ? new Map() : null;
  const entries = Object.entries(data).map(([name, value]) => [name, value] as const);
  const texts = entries.flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : [],
  );
  return texts.length === entries.length ? new Map(texts) : null;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** There 0 is the usual weight. */
function weightOf(block: Block): number | null {
  const weight = numberOf(block, 'weight');
  return weight === null || weight < 1 ? null : Math.min(1000, Math.round(weight));
}

function warnOfLosses(channels: readonly Placed[], notes: ImportNotes): void {
  const priorities = new Set(channels.map(({ block }) => numberOf(block, 'priority') ?? 0));
  if (priorities.size > 1) {
    notes.warnings.push(
      'Priorities are not carried over: the routing policy chooses among all accounts of a model',
    );
  }
  if (channels.some(({ block }) => !['', 'default'].includes(textOf(block, 'group') ?? ''))) {
    notes.warnings.push('Groups are not carried over: every API key may use every account');
  }
}
