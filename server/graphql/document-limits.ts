// Bounds what one document may cost, before it is validated or run: the checks of graphql-js come after the damage.

import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  GraphQLError,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInterfaceType,
  isListType,
  isObjectType,
  Kind,
  parse,
  type SelectionSetNode,
  visit,
} from 'graphql';
import { FIELD_WEIGHTS } from './field-weights.ts';
import { DEFAULT_PAGE_ROWS, MAX_PAGE_ROWS } from './page.ts';

export const LIMITS = {
  /** Lexical tokens; the panel's largest document has a few hundred. */
  tokens: 2000,
  /** Fields inside fields; the standard introspection query needs 15. */
  depth: 15,
  /** Fields with an alias, those of fragments counted at each use. */
  aliases: 50,
  /** Fields of the operation itself, each of which may cost a query. */
  rootFields: 20,
  directives: 50,
  /** Values in the answer, at worst, and the weights of FIELD_WEIGHTS: what `cost` counts. */
  cost: 100_000,
} as const;

const LIST_LENGTH = 10;

interface Size {
  /** Fields of the set itself, those of its fragments included. */
  width: number;
  depth: number;
  aliases: number;
  cost: number;
}

const NOTHING: Size = { width: 0, depth: 0, aliases: 0, cost: 0 };

export interface MeasuredDocument {
  document: DocumentNode;
  /** Of its most costly operation. */
  cost: number;
}

/** Throws a GraphQLError when the document does not parse or is over a limit. */
export function parseWithinLimits(
  source: Parameters<typeof parse>[0],
  schema: GraphQLSchema,
): MeasuredDocument {
  const document = parse(source, { maxTokens: LIMITS.tokens });
  refuseAbove('directives', countDirectives(document));
  const measure = measurer(document, schema);
  let cost = 0;
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
    const root = schema.getRootType(definition.operation) ?? undefined;
    const size = measure(definition.selectionSet, root, null);
    refuseAbove('rootFields', size.width);
    refuseAbove('depth', size.depth);
    refuseAbove('aliases', size.aliases);
    refuseAbove('cost', size.cost);
    cost = Math.max(cost, size.cost);
  }
  return { document, cost };
}

function refuseAbove(limit: keyof typeof LIMITS, value: number): void {
  if (value <= LIMITS[limit]) return;
  throw new GraphQLError(
    `Cannot run the document: ${limit} ${value} is above the limit of ${LIMITS[limit]}`,
    {
      extensions: { code: 'DOCUMENT_TOO_LARGE', limit, value, allowed: LIMITS[limit], http: { status: 400 } },
    },
  );
}

function countDirectives(document: DocumentNode): number {
  let count = 0;
  visit(document, {
    Directive: () => {
      count += 1;
    },
  });
  return count;
}

/** Measures selection sets. Fragments are measured once per page size, so nesting them does not blow up the work. */
function measurer(document: DocumentNode, schema: GraphQLSchema) {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const known = new Map<string, Size>();

  /** `rows`: what the field around the set said of the length of lists in it; null when nothing. */
  function measure(set: SelectionSetNode, parent: GraphQLNamedType | undefined, rows: number | null): Size {
    const total: Size = { ...NOTHING };
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) add(total, ofField(selection, parent, rows));
      else if (selection.kind === Kind.FRAGMENT_SPREAD) add(total, ofFragment(selection.name.value, rows));
      else {
        const type = typeNamed(selection.typeCondition?.name.value) ?? parent;
        add(total, measure(selection.selectionSet, type, rows));
      }
    }
    return total;
  }

  function ofField(field: FieldNode, parent: GraphQLNamedType | undefined, rows: number | null): Size {
    const definition =
      isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[field.name.value] : undefined;
    const type = definition && getNamedType(definition.type);
    const isList = definition !== undefined && isListType(getNullableType(definition.type));
    const ownRows = pageRows(field, definition);
    const inner = field.selectionSet ? measure(field.selectionSet, type, isList ? null : ownRows) : NOTHING;
    const length = isList ? (ownRows ?? rows ?? LIST_LENGTH) : 1;
    const weight = (definition && FIELD_WEIGHTS[`${parent?.name}.${definition.name}`]) ?? 0;
    return {
      width: 1,
      depth: inner.depth + 1,
      aliases: inner.aliases + (field.alias ? 1 : 0),
      cost: 1 + weight + length * inner.cost,
    };
  }

  function ofFragment(name: string, rows: number | null): Size {
    const fragment = fragments.get(name);
    const key = `${rows} ${name}`;
    const size = known.get(key);
    if (size || !fragment) return size ?? NOTHING;
    // Stands in while the fragment is measured, so that a cycle ends; validation refuses cycles afterwards.
    known.set(key, NOTHING);
    const measured = measure(fragment.selectionSet, typeNamed(fragment.typeCondition.name.value), rows);
    known.set(key, measured);
    return measured;
  }

  function typeNamed(name: string | undefined): GraphQLNamedType | undefined {
    return name === undefined ? undefined : (schema.getType(name) ?? undefined);
  }

  return measure;
}

function add(total: Size, part: Size): void {
  total.width += part.width;
  total.depth = Math.max(total.depth, part.depth);
  total.aliases += part.aliases;
  total.cost += part.cost;
}

/** Rows asked for by `first` or `last`, or by default; the most there can be when it is a variable; null for fields without. */
function pageRows(field: FieldNode, definition: GraphQLField<unknown, unknown> | undefined): number | null {
  const first = definition?.args.find(({ name }) => name === 'first');
  if (!definition || !first) return null;
  // Some documents state both, one of them as null by a variable.
  const given = (field.arguments ?? [])
    .filter(({ name }) => name.value === 'first' || name.value === 'last')
    .map(({ value }) => (value.kind === Kind.INT ? rowsOf(Number(value.value)) : MAX_PAGE_ROWS));
  if (given.length > 0) return Math.max(...given);
  if (typeof first.defaultValue === 'number') return first.defaultValue;
  return definition.args.some(({ name }) => name === 'last') ? DEFAULT_PAGE_ROWS : MAX_PAGE_ROWS;
}

/** A number that is refused later must not lower what stands beside it in the document. */
function rowsOf(given: number): number {
  return Math.min(Math.max(given, 1), MAX_PAGE_ROWS);
}
