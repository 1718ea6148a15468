// How a document travels: built, by its id; while developing, as text.

import type { TadaDocumentNode } from 'gql.tada';

/** What of a request body names the document. An empty text says that the id counts. */
export interface NamedDocument {
  query: string;
  documentId?: string;
}

export type Document<Data, Variables> = TadaDocumentNode<Data, Variables, unknown>;

/** The build has put an id in place of the document; the development server leaves it to be printed. */
export async function namedDocument<Data, Variables>(
  document: Document<Data, Variables>,
): Promise<NamedDocument> {
  const id = 'documentId' in document ? document.documentId : undefined;
  if (typeof id === 'string') return { query: '', documentId: id };
  // Never reached in the built panel, which is therefore spared the printer.
  if (!import.meta.env.DEV) throw new Error('Cannot send a document: it has no id');
  const { print } = await import('graphql');
  return { query: print(document) };
}
