// Clearing on an administrator's word, told to everybody who watches.

import type { ClearedEvent } from '../gateway/live-event.ts';
import type { Binding } from '../gateway/ports.ts';
import { builder, VIEWER } from './builder.ts';
import type { AdminContext } from './context.ts';
import { encodeGlobalId } from './global-id.ts';
import { ERRORS, type UserError, UserErrorRef } from './user-error.ts';

/** Ids listed in a payload; a client that needs more lists what there is before. */
export const MAX_CLEARED_KEYS = 1000;

interface ClearShape {
  clearedCount: number;
  message: string;
  clearedKeys: string[];
}

export const ClearPayload = builder
  .objectRef<ClearShape & { errors: UserError[] }>('ClearPayload')
  .implement({
    description: 'What was cleared. Nothing to clear is a success with a count of 0.',
    authScopes: VIEWER,
    fields: (t) => ({
      clearedCount: t.exposeInt('clearedCount', {
        description: 'How many affinities, request logs or entries of the model mapping cache are gone.',
      }),
      message: t.exposeString('message', { description: 'For people, in English.' }),
      clearedKeys: t.exposeStringList('clearedKeys', {
        description:
          'Global ids of the cleared affinities, or keys of the cleared cache entries, at most 1000. Empty for request logs.',
      }),
      errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
    }),
  });

/** Payload of a clear that was refused. */
export const NOTHING_CLEARED: ClearShape = {
  clearedCount: 0,
  message: 'Nothing was cleared',
  clearedKeys: [],
};

/** Clears on an administrator's word. `whose` completes "Cleared 3 affinities …". */
export function clearBindings(
  context: AdminContext,
  matches: (binding: Binding) => boolean,
  whose: string,
): ClearShape {
  const cleared = context.parts.affinity.clear(matches, 'cleared');
  const message = `Cleared ${cleared.length} ${cleared.length === 1 ? 'affinity' : 'affinities'} ${whose}`;
  tellCleared(context, { subject: 'affinities', clearedCount: cleared.length, message });
  const clearedKeys = cleared.slice(0, MAX_CLEARED_KEYS).map(({ key }) => encodeGlobalId('Affinity', key));
  return { clearedCount: cleared.length, message, clearedKeys };
}

/** Tells the watchers of `cleared`, unless there was nothing. */
export function tellCleared(
  { parts, visitor }: AdminContext,
  event: Pick<ClearedEvent, 'subject' | 'clearedCount' | 'message'>,
): void {
  if (event.clearedCount === 0) return;
  const actor = visitor.actor?.name ?? 'nobody';
  parts.live.publish({ kind: 'cleared', event: { ...event, atMs: parts.clock.nowMs(), actor } });
}
