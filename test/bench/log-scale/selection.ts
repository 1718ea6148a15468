// Everything that a field of the schema tells, as a selection: a page can ask for no more.

import {
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  isInterfaceType,
  isLeafType,
  isObjectType,
  isRequiredArgument,
  parse,
  validate,
} from 'graphql';

/** Fields inside fields. */
const MAX_DEPTH = 5;

/** ` { … }` with all that the query field answers; '' for a plain value; null when there is no such field. */
export function wholeSelection(schema: GraphQLSchema, fieldName: string): string | null {
  const field = schema.getQueryType()?.getFields()[fieldName];
  if (!field) return null;
  return selectionOf(getNamedType(field.type), { depth: 1, within: [] });
}

/** Why the document cannot be asked; null when it can. */
export function problemOf(schema: GraphQLSchema, document: string): string | null {
  return validate(schema, parse(document))[0]?.message ?? null;
}

function selectionOf(type: GraphQLNamedType, at: { depth: number; within: readonly string[] }): string {
  if (!isObjectType(type) && !isInterfaceType(type)) return '';
  const fields = Object.values(type.getFields());
  // An entity within an answer is shown by its name only, which needs no log.
  const isEntity = at.within.length > 0 && fields.some(({ name }) => name === 'id') && isNode(type);
  if (isEntity) return ' { id }';
  const within = [...at.within, type.name];
  const parts = fields.flatMap(({ name, type: fieldType, args }) => {
    const named = getNamedType(fieldType);
    if (args.some(isRequiredArgument)) return [];
    if (isLeafType(named)) return [name];
    if (at.depth >= MAX_DEPTH || within.includes(named.name)) return [];
    const selection = selectionOf(named, { depth: at.depth + 1, within });
    return selection === '' ? [] : [`${name}${selection}`];
  });
  return parts.length === 0 ? '' : ` { ${parts.join(' ')} }`;
}

function isNode(type: GraphQLNamedType): boolean {
  return isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node');
}
