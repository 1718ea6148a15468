// The documents of the panel, known by id: parsed and validated once each. All others are sent as text, each time anew.

import { type DocumentNode, GraphQLError } from 'graphql';
import type { MeasuredDocument } from './document-limits.ts';

/** Parameters of a request, as they came. */
interface RawParams {
  query?: unknown;
  documentId?: unknown;
  extensions?: Record<string, unknown> | undefined;
}

/** Owns what was parsed of the known documents, which are as many as there are. */
export class PersistedDocuments {
  readonly #textById: ReadonlyMap<string, string>;
  readonly #knownTexts: ReadonlySet<string>;
  readonly #parsedByText = new Map<string, MeasuredDocument>();
  readonly #valid = new WeakSet<DocumentNode>();

  /** `textById`: by `sha256:` and the digest in hex. */
  constructor(textById: ReadonlyMap<string, string>) {
    this.#textById = textById;
    this.#knownTexts = new Set(textById.values());
  }

  /** The text of the document that the parameters name instead of bringing one; null when they name none. Throws when it is unknown. */
  textOf({ query, documentId, extensions }: RawParams): string | null {
    // Clients whose types insist on a text send an empty one.
    if (query !== undefined && query !== null && query !== '') return null;
    const id = documentId ?? apolloId(extensions);
    if (typeof id !== 'string') return null;
    const text = this.#textById.get(id);
    if (text === undefined) throw unknownDocument();
    return text;
  }

  /** Parses the text, unless it is of a known document and has been parsed before. */
  parse(text: string, parse: (text: string) => MeasuredDocument): MeasuredDocument {
    const known = this.#parsedByText.get(text);
    if (known) return known;
    const parsed = parse(text);
    // Others come before the login: a cache of them could be filled by anybody.
    if (this.#knownTexts.has(text)) this.#parsedByText.set(text, parsed);
    return parsed;
  }

  isValid(document: DocumentNode): boolean {
    return this.#valid.has(document);
  }

  /** To be called after validation; only known documents are seen again. */
  markValid(document: DocumentNode): void {
    this.#valid.add(document);
  }
}

function apolloId(extensions: Record<string, unknown> | undefined): string | null {
  const persisted = extensions?.persistedQuery;
  if (typeof persisted !== 'object' || persisted === null || !('sha256Hash' in persisted)) return null;
  return typeof persisted.sha256Hash === 'string' ? `sha256:${persisted.sha256Hash}` : null;
}

function unknownDocument(): GraphQLError {
  return new GraphQLError('Cannot run the document: its id is not known here, send its text', {
    extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' },
  });
}
