// What became of a binding, and when. Types only.

import type { AffinityEventKind } from './affinity-event-kind.ts';
import type { BindingReason } from './binding-reasons.ts';
import type { Binding } from './ports.ts';

export interface AffinityEvent extends BindingReason {
  kind: AffinityEventKind;
  atMs: number;
  accountIdBefore: string | null;
  accountIdAfter: string | null;
  binding: Binding;
}
