// Closes introspection. Outside development the schema is for those who have the repository.

import {
  type ASTVisitor,
  type FieldNode,
  GraphQLError,
  getNamedType,
  isIntrospectionType,
  Kind,
  type ValidationContext,
} from 'graphql';

/**
 * Validation rule: no introspection. `__type(name: …) { name }` stays, which gives back what was asked with and tells
 * no more than a fragment on a guessed type does; tools send it to see whether variables arrive.
 */
export function noIntrospection(context: ValidationContext): ASTVisitor {
  return {
    Field(node) {
      const type = getNamedType(context.getType());
      if (!type || !isIntrospectionType(type) || isEcho(node)) return;
      const message = `Cannot query ${node.name.value}: introspection is off outside development`;
      context.reportError(
        new GraphQLError(message, { nodes: [node], extensions: { code: 'INTROSPECTION_DISABLED' } }),
      );
    },
  };
}

function isEcho({ name, selectionSet }: FieldNode): boolean {
  const selections = selectionSet?.selections ?? [];
  const isName = (selection: (typeof selections)[number]) =>
    selection.kind === Kind.FIELD && selection.name.value === 'name';
  return name.value === '__type' && selections.every(isName);
}
