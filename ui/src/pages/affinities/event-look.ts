// How an event of a binding looks: its tone, and its reason in the reader's language.

import { tOr } from '../../lib/i18n.svelte.ts';
import { withSaid } from '../../parts/reason-text.ts';
import type { Tone } from '../../parts/tone.ts';
import type { BindingEvent } from './queries.ts';

export const EVENT_TONES: Record<BindingEvent['kind'], Tone> = {
  BOUND: 'good',
  RENEWED: 'plain',
  MOVED: 'warn',
  BORROWED: 'info',
  PINNED: 'accent',
  UNPINNED: 'plain',
  EXPIRED: 'plain',
  CLEARED: 'bad',
};

type Reason = Pick<BindingEvent, 'reason' | 'reasonCode'> & { reasonDetail?: string | null };

export function bindingReason({ reason, reasonCode, reasonDetail = null }: Reason): string {
  // A newer gateway may have made the code up.
  return withSaid(tOr(`reason.${reasonCode}`, reason), reasonDetail);
}
