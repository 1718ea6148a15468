// What a document must pass before it runs: it is known or within the limits, and asks for no introspection.

import type { DocumentNode, GraphQLSchema } from 'graphql';
import type { Plugin, YogaInitialContext } from 'graphql-yoga';
import type { AdminContext } from './context.ts';
import { LIMITS, parseWithinLimits } from './document-limits.ts';
import { noIntrospection } from './introspection.ts';
import type { AdminParts } from './parts.ts';
import { PersistedDocuments } from './persisted-documents.ts';

/** A request with this header is told what its document cost. */
const COST_HEADER = 'x-warmpath-cost';

/** A plugin of Yoga. */
export function admission(
  { isDevelopment, documents }: Pick<AdminParts, 'isDevelopment' | 'documents'>,
  schema: GraphQLSchema,
): Plugin<AdminContext & YogaInitialContext> {
  const persisted = new PersistedDocuments(documents);
  const costs = new WeakMap<DocumentNode, number>();
  return {
    onParams({ params, request, setParams }) {
      const text = persisted.textOf({ ...idInUrl(request), ...params });
      if (text !== null) setParams({ ...params, query: text });
    },
    onParse: ({ setParseFn }) =>
      setParseFn((source) => {
        const text = typeof source === 'string' ? source : source.body;
        const { document, cost } = persisted.parse(text, () => parseWithinLimits(source, schema));
        costs.set(document, cost);
        return document;
      }),
    onValidate({ params, addValidationRule, setResult }) {
      const document = params.documentAST;
      if (persisted.isValid(document)) return setResult([]);
      if (!isDevelopment) addValidationRule(noIntrospection);
      return ({ valid }) => {
        if (valid) persisted.markValid(document);
      };
    },
    onExecute: ({ args }) => {
      if (!args.contextValue.request.headers.has(COST_HEADER)) return;
      const cost = { cost: costs.get(args.document) ?? null, limit: LIMITS.cost };
      return {
        onExecuteDone({ result, setResult }) {
          if (Symbol.asyncIterator in result) return;
          setResult({ ...result, extensions: { ...result.extensions, cost } });
        },
      };
    },
  };
}

/** Yoga reads every other parameter of a GET. */
function idInUrl({ method, url }: Request): { documentId?: string } {
  const documentId = method === 'GET' ? new URL(url).searchParams.get('documentId') : null;
  return documentId === null ? {} : { documentId };
}
