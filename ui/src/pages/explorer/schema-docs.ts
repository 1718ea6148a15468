// The schema as a reader looks things up in it: types by name, with their fields in words. Pure.

export interface ArgumentDoc {
  name: string;
  /** As the schema writes it: `[ID!]!`. */
  type: string;
  typeName: string;
  description: string;
  defaultValue: string | null;
}

export interface FieldDoc extends Omit<ArgumentDoc, 'defaultValue'> {
  arguments: ArgumentDoc[];
  /** Why it should not be used any more; null when it may. */
  deprecation: string | null;
}

export interface TypeDoc {
  name: string;
  kind: 'type' | 'interface' | 'union' | 'input' | 'enum' | 'scalar';
  description: string;
  fields: FieldDoc[];
  /** Values of an enum, members of a union, interfaces of a type. */
  names: { name: string; description: string }[];
}

export type SchemaDocs = ReadonlyMap<string, TypeDoc>;

export const ROOTS = ['Query', 'Mutation', 'Subscription'] as const;

/** Types and fields whose name has the text, types first; at most `limit`. */
export function findInDocs(
  docs: SchemaDocs,
  text: string,
  limit: number,
): { type: string; field: string | null }[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return [];
  const types = [...docs.values()];
  const named = types
    .filter(({ name }) => name.toLowerCase().includes(wanted))
    .map(({ name }) => ({ type: name, field: null }));
  const fields = types.flatMap(({ name, fields: all }) =>
    all
      .filter((field) => field.name.toLowerCase().includes(wanted))
      .map((field) => ({ type: name, field: field.name })),
  );
  return [...named, ...fields].slice(0, limit);
}
