// Reads the schema's text. Apart from its readers, so that the parser comes with the schema, not with the screen.

import { type DefinitionNode, Kind, parse, print, type TypeNode } from 'graphql';
import type { ArgumentDoc, FieldDoc, SchemaDocs, TypeDoc } from './schema-docs.ts';

/** Every type of the schema by its name. Throws when the text is no schema. */
export function schemaDocs(text: string): SchemaDocs {
  const { definitions } = parse(text, { noLocation: true });
  const types = definitions.map(typeOf).filter((type) => type !== null);
  return new Map(types.map((type) => [type.name, type]));
}

function typeOf(node: DefinitionNode): TypeDoc | null {
  switch (node.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
      return typeDoc(
        node,
        'type',
        node.fields?.map(fieldOf) ?? [],
        node.interfaces?.map(({ name }) => plain(name)) ?? [],
      );
    case Kind.INTERFACE_TYPE_DEFINITION:
      return typeDoc(node, 'interface', node.fields?.map(fieldOf) ?? [], []);
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return typeDoc(node, 'input', node.fields?.map(inputFieldOf) ?? [], []);
    case Kind.UNION_TYPE_DEFINITION:
      return typeDoc(node, 'union', [], node.types?.map(({ name }) => plain(name)) ?? []);
    case Kind.ENUM_TYPE_DEFINITION:
      return typeDoc(
        node,
        'enum',
        [],
        node.values?.map((value) => ({ name: value.name.value, description: words(value) })) ?? [],
      );
    case Kind.SCALAR_TYPE_DEFINITION:
      return typeDoc(node, 'scalar', [], []);
    default:
      return null;
  }
}

interface Described {
  name: { value: string };
  description?: { value: string } | undefined;
}

function typeDoc(
  node: Described,
  kind: TypeDoc['kind'],
  fields: FieldDoc[],
  names: TypeDoc['names'],
): TypeDoc {
  return { name: node.name.value, kind, description: words(node), fields, names };
}

function plain({ value }: { value: string }) {
  return { name: value, description: '' };
}

type FieldNode = Extract<DefinitionNode, { kind: Kind.OBJECT_TYPE_DEFINITION }>['fields'] extends
  | readonly (infer Node)[]
  | undefined
  ? Node
  : never;
type InputNode = NonNullable<FieldNode['arguments']>[number];

function fieldOf(node: FieldNode): FieldDoc {
  return {
    ...typed(node),
    arguments: node.arguments?.map(argumentOf) ?? [],
    deprecation: deprecationOf(node),
  };
}

function inputFieldOf(node: InputNode): FieldDoc {
  return { ...typed(node), arguments: [], deprecation: deprecationOf(node) };
}

function argumentOf(node: InputNode): ArgumentDoc {
  return { ...typed(node), defaultValue: node.defaultValue ? print(node.defaultValue) : null };
}

function typed(node: Described & { type: TypeNode }): Omit<ArgumentDoc, 'defaultValue'> {
  return {
    name: node.name.value,
    type: print(node.type),
    typeName: innermost(node.type),
    description: words(node),
  };
}

function innermost(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : innermost(type.type);
}

function words({ description }: Described): string {
  return description?.value ?? '';
}

function deprecationOf({ directives }: Pick<FieldNode, 'directives'>): string | null {
  const directive = directives?.find(({ name }) => name.value === 'deprecated');
  const reason = directive?.arguments?.find(({ name }) => name.value === 'reason')?.value;
  if (!directive) return null;
  return reason?.kind === Kind.STRING ? reason.value : '';
}
