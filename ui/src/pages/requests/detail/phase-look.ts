// How the phases of a request look on its time axis. Words stand beside every colour.

import type { PhaseKind } from './waterfall.ts';

export const PHASE_FILLS: Record<PhaseKind, string> = {
  queue: 'bg-ink-3',
  prepare: 'bg-plain-mark',
  account: 'bg-warn-mark',
  pause: 'bg-plain-mark',
  finish: 'bg-plain-mark',
  connect: 'bg-info-mark',
  'first-byte': 'bg-part-read opacity-60',
  stream: 'bg-good-mark',
};

/** A failed attempt is not drawn as a good one. */
export const FAILED_FILL = 'bg-bad-mark';
