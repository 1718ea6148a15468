// Reads YAML text into plain data and remembers the line of every key. Its errors never quote the text.

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
} from 'yaml';
import { words } from '../gateway/input-faults.ts';
import type { PathStep } from './problems.ts';

export interface YamlSource {
  data: unknown;
  /** Syntax errors; when there are any, `data` is undefined. */
  errors: { message: string; line: number | null }[];
  /** Line of the key or item at the path, or of the nearest one above it that exists. */
  lineOf(path: readonly PathStep[]): number | null;
}

const MAX_SYNTAX_ERRORS = 5;

/** The library's own messages quote the file, which may hold credentials; these say the same without it. */
const MESSAGES: Record<string, string> = {
  BAD_ALIAS: words('is not valid YAML: an alias (*) names no anchor (&)', { problem: 'yaml-alias' }),
  BAD_INDENT: words('is not valid YAML: the indentation does not fit the lines around it', {
    problem: 'yaml-indent',
  }),
  BAD_DQ_ESCAPE: words('is not valid YAML: unknown \\ escape inside double quotes', {
    problem: 'yaml-escape',
  }),
  BAD_SCALAR_START: words('is not valid YAML: this text must be in quotes', { problem: 'yaml-quotes' }),
  BLOCK_AS_IMPLICIT_KEY: words('is not valid YAML: a key and its value do not fit together here', {
    problem: 'not-yaml',
  }),
  DUPLICATE_KEY: words('has the same key twice in one block', { problem: 'yaml-same-key' }),
  MISSING_CHAR: words('is not valid YAML: a quote, bracket, brace, comma or colon is missing', {
    problem: 'yaml-missing',
  }),
  MULTIPLE_DOCS: words('holds more than one YAML document', { problem: 'yaml-documents' }),
  TAB_AS_INDENT: words('is not valid YAML: indent with spaces, not tabs', { problem: 'yaml-tabs' }),
  TAG_RESOLVE_FAILED: words('uses a YAML tag (!) that is not known here', { problem: 'yaml-tag' }),
  UNEXPECTED_TOKEN: words('is not valid YAML: something does not belong here', { problem: 'not-yaml' }),
};

const NO_YAML = words('is not valid YAML', { problem: 'not-yaml' });
const NO_ALIASES = words('is not valid YAML: its aliases (*) cannot be resolved', { problem: 'yaml-alias' });

export function readYaml(text: string): YamlSource {
  const lines = new LineCounter();
  // The library compares every key with every other one of its block, which takes minutes for a hostile text.
  const options = { lineCounter: lines, prettyErrors: false, logLevel: 'error', uniqueKeys: false } as const;
  const document = parseDocument(text, options);
  const lineAt = (offset: number | undefined) => (offset === undefined ? null : lines.linePos(offset).line);
  const errors = firstOfEachLine(
    [
      ...[...document.errors, ...document.warnings].map(({ code, pos: [offset] }) => ({ code, offset })),
      ...repeatedKeys(document).map((offset) => ({ code: 'DUPLICATE_KEY', offset })),
    ].map(({ code, offset }) => ({
      message: MESSAGES[code] ?? NO_YAML,
      line: lineAt(offset),
    })),
  );
  const lineOf = (path: readonly PathStep[]) => lineAt(offsetOf(document, path));
  if (errors.length > 0) return { data: undefined, errors, lineOf };
  try {
    return { data: document.toJS({ maxAliasCount: 100 }), errors, lineOf };
  } catch {
    return { data: undefined, errors: [{ message: NO_ALIASES, line: null }], lineOf };
  }
}

/** Where a key stands that its block has already. */
function repeatedKeys(document: Document.Parsed): number[] {
  const offsets: number[] = [];
  visit(document, {
    Map(_key, { items }) {
      const known = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (known.has(key.value)) offsets.push(key.range?.[0] ?? 0);
        known.add(key.value);
      }
    },
  });
  return offsets;
}

/** One slip makes the parser stumble over all that follows; a few of its complaints say enough. */
function firstOfEachLine(errors: YamlSource['errors']): YamlSource['errors'] {
  const byLine = new Map(errors.toReversed().map((error) => [error.line, error]));
  return [...byLine.values()].sort((a, b) => (a.line ?? 0) - (b.line ?? 0)).slice(0, MAX_SYNTAX_ERRORS);
}

function offsetOf(document: Document.Parsed, path: readonly PathStep[]): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const step of path) {
    const child = childOf(isAlias(node) ? node.resolve(document) : node, step);
    if (!child) break;
    offset = child.offset ?? offset;
    node = child.node;
  }
  return offset;
}

function childOf(node: unknown, step: PathStep): { node: unknown; offset: number | undefined } | null {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === step);
    return pair && isScalar(pair.key) ? { node: pair.value, offset: pair.key.range?.[0] } : null;
  }
  if (isSeq<Node>(node) && typeof step === 'number') {
    const item = node.items[step];
    return item ? { node: item, offset: item.range?.[0] } : null;
  }
  return null;
}
