// Something that happened to an affinity: as it is told live, and as it is kept.

import type { KeptAffinityEvent } from '../gateway/affinity-history.ts';
import { saidIn } from '../gateway/said.ts';
import { type AffinityFilterInput, affinityMatcher } from './affinity.ts';
import { type Affinity, affinityOf } from './affinity-view.ts';
import { BindingReasonRef } from './binding-reason.ts';
import { builder, VIEWER } from './builder.ts';
import { rawId } from './global-id.ts';
import type { AdminParts } from './parts.ts';
import { AccountRef, AffinityRef } from './refs.ts';
import { cursorOf } from './resume.ts';

export const CURSOR = 'Opaque position of this event; give the last one seen as `after` to go on behind it.';
export const FILTERED_EVENTS =
  'An account or provider counts as well when the affinity left it, or when it took a request for once.';

export const AffinityEventKindRef = builder.enumType('AffinityEventKind', {
  description: 'What happened to an affinity.',
  values: {
    BOUND: { value: 'bound', description: 'Made.' },
    RENEWED: { value: 'renewed', description: 'Used; its life starts again.' },
    MOVED: { value: 'moved', description: 'Bound to another account.' },
    BORROWED: { value: 'borrowed', description: 'A request went elsewhere for once.' },
    PINNED: { value: 'pinned', description: 'Pinned by an administrator.' },
    UNPINNED: { value: 'unpinned', description: 'The pin was taken off; its life starts again.' },
    EXPIRED: { value: 'expired', description: 'Not used for its lifetime, or it had to make room.' },
    CLEARED: { value: 'cleared', description: 'Cleared by an administrator, or what it named is gone.' },
  } as const,
});

export interface AffinityEventShape extends KeptAffinityEvent {
  affinity: Affinity;
}

export const AffinityEventRef = builder.objectRef<AffinityEventShape>('AffinityEvent').implement({
  description: 'Something that happened to an affinity.',
  authScopes: VIEWER,
  fields: (t) => ({
    kind: t.field({
      type: AffinityEventKindRef,
      description: 'What happened.',
      resolve: ({ event }) => event.kind,
    }),
    at: t.field({ type: 'DateTime', description: 'When.', resolve: ({ event }) => event.atMs }),
    reason: t.string({
      description: 'Why, in English; it may quote a provider.',
      resolve: ({ event }) => event.reason,
    }),
    reasonCode: t.field({
      type: BindingReasonRef,
      description: 'The same for programs.',
      resolve: ({ event }) => event.code,
    }),
    reasonDetail: t.string({
      nullable: true,
      description: 'What a provider or the network said, out of `reason`; null = nothing.',
      resolve: ({ event }) => saidIn(event.reason),
    }),
    accountBefore: t.field({
      type: AccountRef,
      nullable: true,
      description: 'Where it was bound before; null when nowhere or since deleted.',
      resolve: ({ event }, _args, { parts }) =>
        parts.catalog.current.accounts.get(event.accountIdBefore ?? '') ?? null,
    }),
    accountAfter: t.field({
      type: AccountRef,
      nullable: true,
      description: 'Where it is bound, or where the request went; null when nowhere or since deleted.',
      resolve: ({ event }, _args, { parts }) =>
        parts.catalog.current.accounts.get(event.accountIdAfter ?? '') ?? null,
    }),
    affinity: t.field({
      type: AffinityRef,
      description: 'As it was at that moment.',
      resolve: ({ affinity }) => affinity,
    }),
    cursor: t.string({
      description: CURSOR,
      resolve: ({ sequence }, _args, { parts }) => cursorOf('affinity', parts.live, sequence),
    }),
  }),
});

/** The event with what its binding names; null when something of that has been deleted. */
export function shownEvent(
  { event, sequence }: KeptAffinityEvent,
  { catalog }: Pick<AdminParts, 'catalog'>,
): AffinityEventShape | null {
  const affinity = affinityOf(event.binding, catalog.current);
  return affinity && { event, affinity, sequence };
}

/** Like `affinityMatcher`, but for accounts and providers, which match when the event touches them. */
export function affinityEventMatcher({
  accountId,
  providerId,
  ...rest
}: AffinityFilterInput): (shape: AffinityEventShape, parts: Pick<AdminParts, 'catalog'>) => boolean {
  const matches = affinityMatcher(rest);
  const account = accountId == null ? null : rawId('Account', accountId);
  const provider = providerId == null ? null : rawId('Provider', providerId);
  return ({ affinity, event }, { catalog }) => {
    if (!matches(affinity)) return false;
    if (account === null && provider === null) return true;
    const touched = [affinity.account.id, event.accountIdBefore, event.accountIdAfter];
    const providers = touched.map((id) => catalog.current.accounts.get(id ?? '')?.providerId);
    return (
      (account === null || touched.includes(account)) && (provider === null || providers.includes(provider))
    );
  };
}
