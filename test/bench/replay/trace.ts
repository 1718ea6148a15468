// Reads a ptrace1 file: requests without text, each with its prompt as runs of blocks shared with earlier requests.

/** Blocks up to `end` (exclusive, counted from the prompt's start) that first appeared in `owner`. */
export interface Run {
  /** Index of the request that brought these blocks; negative: a prefix that several sessions share. */
  owner: number;
  end: number;
}

export interface TraceRequest {
  /** From the start of the trace, or of the session where times are relative. */
  atMs: number;
  session: number;
  model: number;
  inputTokens: number;
  outputTokens: number;
  blockCount: number;
  /** The whole prompt. Two prompts have the same blocks exactly as far as their runs have the same owners. */
  runs: readonly Run[];
}

export interface Trace {
  /** Tokens of a full block. */
  blockTokens: number;
  /** True: the last block of a prompt may be a partial one. False: what is left over has no block. */
  hasPartialBlocks: boolean;
  /** True: times count from the start of each session. */
  isRelative: boolean;
  models: readonly string[];
  requests: readonly TraceRequest[];
}

interface SharedPrefix {
  owner: number;
  blockCount: number;
}

/** Throws `Cannot read trace line N: …`. */
export function parseTrace(text: string): Trace {
  const lines = text.split('\n').filter((line) => line !== '');
  const header = parseHeader(lines[0]);
  const sharedBySession = new Map<number, SharedPrefix>();
  const ownerByKey = new Map<string, number>();
  const requests: TraceRequest[] = [];
  const seenSessions = new Set<number>();
  for (const [index, line] of lines.entries()) {
    if (index === 0) continue;
    const value = parseLine(line, index + 1);
    if (Array.isArray(value)) {
      const row = requestRow(value, index + 1);
      const isFirst = !seenSessions.has(row.session);
      seenSessions.add(row.session);
      const shared = isFirst ? (sharedBySession.get(row.session) ?? null) : null;
      requests.push(rebuild(row, { requests, shared, line: index + 1 }));
    } else {
      const { session, shared, sharedKey } = sessionRow(value, index + 1);
      const owner = ownerByKey.get(sharedKey) ?? -1 - ownerByKey.size;
      ownerByKey.set(sharedKey, owner);
      sharedBySession.set(session, { owner, blockCount: shared });
    }
  }
  return { ...header, requests };
}

interface RequestRow {
  atMs: number;
  session: number;
  model: number;
  inputTokens: number;
  outputTokens: number;
  parent: number;
  lcp: number;
  blockCount: number;
}

/** The parent's first `lcp` blocks, then new ones; a session's first request begins with what sessions share. */
function rebuild(
  { parent, lcp, ...row }: RequestRow,
  known: { requests: readonly TraceRequest[]; shared: SharedPrefix | null; line: number },
): TraceRequest {
  const { requests, shared } = known;
  if (parent >= requests.length) fail(known.line, `its parent ${parent} does not come before it`);
  const runs: Run[] = [];
  if (parent >= 0) runs.push(...firstBlocks(requests[parent]?.runs ?? [], Math.min(lcp, row.blockCount)));
  else if (shared && shared.blockCount > 0) {
    runs.push({ owner: shared.owner, end: Math.min(shared.blockCount, row.blockCount) });
  }
  if ((runs.at(-1)?.end ?? 0) < row.blockCount) runs.push({ owner: requests.length, end: row.blockCount });
  return { ...row, runs };
}

function firstBlocks(runs: readonly Run[], count: number): Run[] {
  const kept: Run[] = [];
  let start = 0;
  for (const { owner, end } of runs) {
    if (start >= count) break;
    kept.push({ owner, end: Math.min(end, count) });
    start = end;
  }
  return kept;
}

function parseHeader(line: string | undefined): Omit<Trace, 'requests'> {
  const header = parseLine(line ?? '', 1);
  if (typeof header !== 'object' || header === null || !('format' in header) || header.format !== 'ptrace1') {
    return fail(1, 'not the header of a ptrace1 file');
  }
  const block = 'block' in header ? Number(header.block) : 0;
  if (!Number.isInteger(block) || block < 1) return fail(1, 'block is not a positive number');
  const models = 'models' in header && Array.isArray(header.models) ? header.models.map(String) : [];
  return {
    blockTokens: block,
    hasPartialBlocks: 'tail' in header && header.tail === 'ceil',
    isRelative: 'relative' in header && header.relative === true,
    models: models.length > 0 ? models : ['replay'],
  };
}

function parseLine(line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return fail(number, 'not JSON');
  }
}

function sessionRow(value: unknown, line: number): { session: number; shared: number; sharedKey: string } {
  if (typeof value !== 'object' || value === null || !('session' in value)) {
    return fail(line, 'neither a request nor a session');
  }
  const shared = 'shared' in value ? Number(value.shared) : 0;
  return {
    session: Number(value.session),
    shared: Number.isInteger(shared) ? shared : 0,
    sharedKey: 'sharedKey' in value ? String(value.sharedKey) : `session ${Number(value.session)}`,
  };
}

function requestRow(value: readonly unknown[], line: number): RequestRow {
  const numbers = value.map((field) => (Number.isInteger(field) ? Number(field) : Number.NaN));
  const [atMs, session, model, inputTokens, outputTokens, parent, lcp, blockCount] = numbers;
  const fields = [atMs, session, model, inputTokens, outputTokens, parent, lcp, blockCount];
  if (value.length !== fields.length || fields.some((field) => field === undefined || Number.isNaN(field))) {
    return fail(line, 'a request has eight whole numbers');
  }
  return {
    atMs: atMs ?? 0,
    session: session ?? 0,
    model: model ?? 0,
    inputTokens: inputTokens ?? 0,
    outputTokens: outputTokens ?? 0,
    parent: parent ?? -1,
    lcp: lcp ?? 0,
    blockCount: blockCount ?? 0,
  };
}

function fail(line: number, state: string): never {
  throw new Error(`Cannot read trace line ${line}: ${state}`);
}
