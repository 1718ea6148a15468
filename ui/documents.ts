// Finds the GraphQL documents in the panel's sources, completes them with their fragments and names them by their digest.
// For the build, which leaves their texts out of the panel, and for tests. Pure.

import { createHash } from 'node:crypto';
import { concatAST, type DefinitionNode, type DocumentNode, Kind, parse, print, visit } from 'graphql';

export interface SourceFile {
  /** From the root of the sources, with `/`. */
  path: string;
  text: string;
}

/** One call of `graphql(…)`. */
export interface FoundDocument {
  path: string;
  /** Of the call, in the text of its file: `[start, end)`. */
  start: number;
  end: number;
  /** Null for a fragment. */
  operation: 'query' | 'mutation' | 'subscription' | null;
  name: string;
  /** With all its fragments, printed in the one way graphql-js prints. */
  text: string;
  /** `sha256:` and the digest of the text in hex. */
  id: string;
}

const CALL = /\bgraphql\(\s*`([^`]*)`\s*(?:,\s*\[[^\]]*\]\s*)?,?\s*\)/g;
/** Whatever calls `graphql` with something that may be a document, understood or not. */
const ANY_CALL = /\bgraphql\(\s*['"`]/g;

/** Every document of the files. Throws when one cannot be understood. */
export function findDocuments(files: readonly SourceFile[]): FoundDocument[] {
  const calls = files.flatMap(callsOf);
  return calls.map((call) => {
    const whole = concatAST([call.document, ...fragmentsOf(call, calls)]);
    const text = print(whole);
    const digest = createHash('sha256').update(text).digest('hex');
    const { path, start, end, first } = call;
    const operation = first.kind === Kind.OPERATION_DEFINITION ? first.operation : null;
    return { path, start, end, operation, name: nameOf(first), text, id: `sha256:${digest}` };
  });
}

/** The file with each call replaced by what names the document; its text is gone. */
export function withoutTexts(file: SourceFile, documents: readonly FoundDocument[]): string {
  let text = file.text;
  const own = documents.filter(({ path }) => path === file.path).sort((a, b) => b.start - a.start);
  for (const { start, end, operation, id } of own) {
    const stub =
      operation === null
        ? 'null'
        : JSON.stringify({ kind: 'Document', definitions: [], documentId: id, operation });
    text = `${text.slice(0, start)}(${stub})${text.slice(end)}`;
  }
  return text;
}

/** Texts by id, of the operations. */
export function manifestOf(documents: readonly FoundDocument[]): Record<string, string> {
  const operations = documents.filter(({ operation }) => operation !== null);
  return Object.fromEntries(operations.map(({ id, text }) => [id, text] as const).sort());
}

interface Call extends Pick<FoundDocument, 'path' | 'start' | 'end'> {
  document: DocumentNode;
  first: DefinitionNode;
}

function callsOf({ path, text }: SourceFile): Call[] {
  const calls = [...text.matchAll(CALL)].map((match) => {
    const document = parse(match[1] ?? '', { noLocation: true });
    const [first, second] = document.definitions;
    if (!first || second) throw new Error(`Cannot name a document of ${path}: not exactly one definition`);
    return { path, start: match.index, end: match.index + match[0].length, document, first };
  });
  const callCount = [...text.matchAll(ANY_CALL)].length;
  if (calls.length !== callCount) {
    throw new Error(
      `Cannot find all documents of ${path}: ${calls.length} of ${callCount} calls of graphql() are understood`,
    );
  }
  return calls;
}

/** All that are spread, directly or by another, each once. Those of the same file come before equally named ones elsewhere. */
function fragmentsOf(call: Call, calls: readonly Call[]): DocumentNode[] {
  const found = new Map<string, DocumentNode>();
  const collect = (document: DocumentNode) => {
    visit(document, {
      FragmentSpread({ name: { value: name } }) {
        if (found.has(name)) return;
        const fragment = fragmentNamed(name, call.path, calls);
        found.set(name, fragment);
        collect(fragment);
      },
    });
  };
  collect(call.document);
  return [...found.values()];
}

function fragmentNamed(name: string, path: string, calls: readonly Call[]): DocumentNode {
  const named = calls.filter(
    ({ first }) => first.kind === Kind.FRAGMENT_DEFINITION && first.name.value === name,
  );
  const candidates = named.some((call) => call.path === path)
    ? named.filter((call) => call.path === path)
    : named;
  const [one, another] = candidates;
  if (!one || another) {
    throw new Error(`Cannot find fragment ${name} of ${path}: ${candidates.length} have that name`);
  }
  return one.document;
}

function nameOf(definition: DefinitionNode): string {
  return 'name' in definition && definition.name ? definition.name.value : '';
}
