// Deleting a catalogue entry, and with it the affinities that could never be used again.

import type { ClearCode } from '../gateway/binding-reasons.ts';
import type { Catalog } from '../gateway/catalog.ts';
import type { Binding, CatalogChange } from '../gateway/ports.ts';
import { builder, VIEWER } from './builder.ts';
import type { AdminContext } from './context.ts';
import { encodeGlobalId } from './global-id.ts';
import { ERRORS, payload, type UserError, UserErrorRef } from './user-error.ts';

export const DeletePayload = builder
  .objectRef<{ deletedId: string | null; errors: UserError[] }>('DeletePayload')
  .implement({
    description: 'Result of a deletion.',
    authScopes: VIEWER,
    fields: (t) => ({
      deletedId: t.exposeID('deletedId', {
        nullable: true,
        description: 'Global id of what is gone; null when errors says why not.',
      }),
      errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
    }),
  });

/** What goes: the entry `id`, by these changes, and the bindings that name it. */
export interface Deletion {
  id: string;
  changes: CatalogChange[];
  names: (binding: Binding) => boolean;
}

/** Deletes what `decide` names; throws nothing that is expected. */
export function deleteEntry(
  { desk, parts }: AdminContext,
  { typename, code }: { typename: string; code: ClearCode },
  decide: (catalog: Catalog) => Deletion,
) {
  return payload<{ deletedId: string | null }>({ deletedId: null }, async () => {
    const { id, names } = await desk.edit((catalog) => {
      const deletion = decide(catalog);
      // Before, so that watchers still see what the affinities named …
      parts.affinity.clear(deletion.names, code);
      return { changes: deletion.changes, result: () => deletion };
    });
    // … and after, because a request may have been bound in between.
    parts.affinity.clear(names, code);
    return { deletedId: encodeGlobalId(typename, id) };
  });
}
