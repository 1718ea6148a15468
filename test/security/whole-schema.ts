// Documents that ask the admin API for everything it gives out: one for each root field, made from the schema itself.

import {
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLObjectType,
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
} from 'graphql';
import { schema } from '../../server/graphql/schema.ts';

export interface WholeDocument {
  field: string;
  text: string;
}

/** Arguments of root fields that insist on some. */
const ROOT_ARGUMENTS: Readonly<Record<string, string>> = {
  accountHealthSeries: '(accountId: "a1", bucketSeconds: 3600)',
  explainRoute: '(input: { surface: ANTHROPIC_MESSAGES, model: "claude-sonnet-5" })',
  replayPolicy: '(input: {})',
  requestGroups: '(by: MODEL)',
  requestSeries: '(bucketSeconds: 3600)',
  reservationPreview: '(input: {})',
  userAffinity: '(identifier: "canary")',
};

/** How deep objects are followed; each type's own fields are asked for by a list of its own anyway. */
const MAX_DEPTH = 4;

export function wholeQueries(): WholeDocument[] {
  return documentsOf(schema.getQueryType(), 'query');
}

export function wholeSubscriptions(): WholeDocument[] {
  return documentsOf(schema.getSubscriptionType(), 'subscription');
}

/** `Type.field` of every field that the documents ask for. */
export const askedFields = new Set<string>();

/** `Type.field` of every field that a query or subscription can reach. */
export function allFields(): string[] {
  const reached = new Set<GraphQLObjectType>();
  for (const root of [schema.getQueryType(), schema.getSubscriptionType()]) if (root) reach(root, reached);
  return [...reached]
    .filter(({ name }) => !/^(Query|Subscription)$/.test(name))
    .flatMap((type) => Object.keys(type.getFields()).map((field) => `${type.name}.${field}`));
}

function reach(type: GraphQLObjectType, reached: Set<GraphQLObjectType>): void {
  if (reached.has(type)) return;
  reached.add(type);
  for (const field of Object.values(type.getFields())) {
    const next = getNamedType(field.type);
    const objects = isInterfaceType(next) ? schema.getPossibleTypes(next) : [next];
    for (const object of objects) if (isObjectType(object)) reach(object, reached);
  }
}

function documentsOf(root: GraphQLObjectType | null | undefined, kind: string): WholeDocument[] {
  return Object.values(root?.getFields() ?? {})
    .filter((field) => !field.args.some(isRequiredArgument) || field.name in ROOT_ARGUMENTS)
    .filter((field) => field.name !== 'node')
    .map((field) => ({ field: field.name, text: `${kind} { ${selected(field, [])} }` }));
}

function selected(field: GraphQLField<unknown, unknown>, path: readonly string[]): string {
  const pageSize = path.length === 0 ? 100 : 3;
  const paging = field.args.some(({ name }) => name === 'first') ? `(first: ${pageSize})` : '';
  const args = (path.length === 0 ? ROOT_ARGUMENTS[field.name] : undefined) ?? paging;
  const type = getNamedType(field.type);
  return isLeafType(type) ? field.name + args : `${field.name}${args} { ${fieldsOf(type, path)} }`;
}

function fieldsOf(type: GraphQLNamedType, path: readonly string[]): string {
  if (!isObjectType(type)) return isInterfaceType(type) ? '__typename id' : '__typename';
  const asked = (field: GraphQLField<unknown, unknown>, text: string) => {
    askedFields.add(`${type.name}.${field.name}`);
    return text;
  };
  // The same nodes again, one level deeper, are left out.
  const askable = Object.values(type.getFields()).filter(
    (field) => field.name !== 'edges' && !field.args.some(isRequiredArgument),
  );
  const texts = askable
    .filter((field) => isLeafType(getNamedType(field.type)) || isWorthIt(field, [...path, type.name]))
    .map((field) => asked(field, selected(field, [...path, type.name])));
  if (texts.length > 0) return ['__typename', ...texts].join(' ');
  // A type of nothing but other nodes, as the neighbours of a request.
  return askable.map((field) => asked(field, `${field.name} { __typename }`)).join(' ');
}

function isWorthIt(field: GraphQLField<unknown, unknown>, path: readonly string[]): boolean {
  const { name } = getNamedType(field.type);
  const isNode = /^(Account|Affinity|ApiKey|Endpoint|Model|ModelMapping|Provider|RequestLog|User)$/.test(
    name,
  );
  return (
    !path.includes(name) &&
    path.length < MAX_DEPTH &&
    (!isNode || path.length < 2 || !/(Connection|Affinities)$/.test(path[0] ?? ''))
  );
}
