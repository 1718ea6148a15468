// Reads a ptrace1 file: requests without text, one JSON value a line, each with the parent whose first blocks it repeats.

import { isObject, type JsonObject, listAt, parseJson, textAt } from '../../wire/json.ts';
import type { ReplayRequest, ReplayTrace } from './trace.ts';

interface Header {
  blockTokens: number;
  isRelative: boolean;
  models: readonly string[];
}

interface Row {
  atMs: number;
  session: number;
  model: number;
  inputTokens: number;
  outputTokens: number;
  parent: number;
  sharedBlocks: number;
  blocks: number;
}

/** What every session with the same key begins with. */
interface SharedStart {
  key: string;
  tokens: number;
}

/** Throws `Cannot read trace line N: …`. */
export function parseTraceFile(text: string): ReplayTrace {
  const lines = text.split('\n');
  const header = headerOf(lines[0] ?? '');
  const starts = new Map<number, SharedStart>();
  /** By key: the request that has most of the shared start. */
  const carriers = new Map<string, { request: number; tokens: number }>();
  const seen = new Set<number>();
  const requests: ReplayRequest[] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index] ?? '';
    if (line.trim() === '') continue;
    const value = parseJson(line);
    if (Array.isArray(value)) {
      const row = rowOf(value, index + 1);
      if (row.parent >= requests.length) fail(index + 1, `its parent ${row.parent} does not come before it`);
      const start = seen.has(row.session) ? undefined : starts.get(row.session);
      seen.add(row.session);
      requests.push(requestOf(row, { header, start, carriers, place: requests.length }));
    } else if (isObject(value) && 'session' in value) {
      starts.set(Number(value.session), startOf(value, header));
    } else fail(index + 1, value === undefined ? 'not JSON' : 'neither a request nor a session');
  }
  if (requests.length === 0) throw new Error('Cannot replay the trace: it has no requests');
  return { isRelative: header.isRelative, models: modelsOf(header, requests), requests };
}

/** The parent's first blocks; what is left over after the last block has none and is never cached. A session's first request without a parent begins with what sessions share. */
function requestOf(
  { sharedBlocks, blocks, ...row }: Row,
  at: {
    header: Header;
    start: SharedStart | undefined;
    carriers: Map<string, { request: number; tokens: number }>;
    place: number;
  },
): ReplayRequest {
  const { header, start, carriers, place } = at;
  const cacheableTokens = Math.min(row.inputTokens, blocks * header.blockTokens);
  const request = { ...row, key: null, cacheableTokens };
  const sharedTokens = row.parent < 0 ? 0 : Math.min(cacheableTokens, sharedBlocks * header.blockTokens);
  if (row.parent >= 0 || !start) return { ...request, sharedTokens };
  const tokens = Math.min(start.tokens, cacheableTokens);
  const carrier = carriers.get(start.key);
  if (!carrier || carrier.tokens < tokens) carriers.set(start.key, { request: place, tokens });
  if (!carrier) return { ...request, sharedTokens };
  return { ...request, parent: carrier.request, sharedTokens: Math.min(tokens, carrier.tokens) };
}

function headerOf(line: string): Header {
  const header = parseJson(line);
  if (!isObject(header) || header.format !== 'ptrace1') return fail(1, 'not the header of a ptrace1 file');
  const blockTokens = Number(header.block);
  if (!Number.isInteger(blockTokens) || blockTokens < 1)
    return fail(1, '"block" is not a positive whole number');
  return {
    blockTokens,
    isRelative: header.relative === true,
    models: listAt(header, 'models').map(String),
  };
}

function startOf(value: JsonObject, { blockTokens }: Header): SharedStart {
  const blocks = Number(value.shared ?? 0);
  const key = textAt(value, 'sharedKey') ?? `session ${Number(value.session)}`;
  return { key, tokens: Number.isInteger(blocks) && blocks > 0 ? blocks * blockTokens : 0 };
}

const FIELDS = 8;

function rowOf(value: readonly unknown[], line: number): Row {
  const numbers = value
    .filter((field) => typeof field === 'number' && Number.isSafeInteger(field))
    .map(Number);
  if (value.length !== FIELDS || numbers.length !== FIELDS) fail(line, 'a request has eight whole numbers');
  const [
    atMs = 0,
    session = 0,
    model = 0,
    inputTokens = 0,
    outputTokens = 0,
    parent = -1,
    sharedBlocks = 0,
    blocks = 0,
  ] = numbers;
  if ([atMs, model, inputTokens, outputTokens, sharedBlocks, blocks].some((count) => count < 0)) {
    fail(line, 'a time or a count is below 0');
  }
  return { atMs, session, model, inputTokens, outputTokens, parent, sharedBlocks, blocks };
}

/** Models that the header does not name get their number as a name. */
function modelsOf({ models }: Header, requests: readonly ReplayRequest[]): readonly string[] {
  const most = requests.reduce((highest, { model }) => Math.max(highest, model), 0);
  return Array.from(
    { length: Math.max(models.length, most + 1) },
    (_, index) => models[index] ?? `model ${index}`,
  );
}

function fail(line: number, state: string): never {
  throw new Error(`Cannot read trace line ${line}: ${state}`);
}
