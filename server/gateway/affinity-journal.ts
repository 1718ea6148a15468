// Counts what becomes of bindings, keeps the last of it and tells it to whoever listens. Decides nothing.

import type { AffinityEventKind } from './affinity-event-kind.ts';
import { AffinityHistory } from './affinity-history.ts';
import { type BindingCode, type BindingReason, bindingReason } from './binding-reasons.ts';
import type { Live } from './live.ts';
import type { Binding } from './ports.ts';
import type { AffinityCounters } from './ticket.ts';

/**
 * Of bindings that end at one blow so many are told one by one: a listener may be 10,000 events behind, and a hundred
 * thousand would end every one of them.
 */
const MAX_TOLD_AT_ONCE = 1_000;

/** Owns the counters; they run since the start of the process. */
export class AffinityJournal {
  readonly history: AffinityHistory;
  readonly #live: Live;
  readonly #nowMs: () => number;
  readonly #counts = {
    total: 0,
    hits: 0,
    misses: 0,
    borrowed: 0,
    expired: 0,
    providerSwitches: 0,
    keySwitches: 0,
  };
  readonly #invalidations = new Map<BindingCode, number>();

  constructor(live: Live, nowMs: () => number) {
    this.#live = live;
    this.#nowMs = nowMs;
    this.history = new AffinityHistory(nowMs());
  }

  lookedUp(isFound: boolean): void {
    if (isFound) this.#counts.hits += 1;
    else this.#counts.misses += 1;
  }

  /** Made before the start: never fewer are counted than live. */
  restored(bindings: number): void {
    this.#counts.total += bindings;
  }

  bound(binding: Binding, code: 'nothing-bound' | 'api-key-bound'): void {
    this.#counts.total += 1;
    this.#tell('bound', binding, { ...bindingReason(code), before: null, after: binding.accountId });
  }

  /** A new binding in place of one to another account. */
  moved(binding: Binding, from: { accountId: string; providerId: string } & BindingReason): void {
    this.#counts.total += 1;
    if (from.providerId === binding.providerId) this.#counts.keySwitches += 1;
    else this.#counts.providerSwitches += 1;
    const { code, reason } = from;
    this.#tell('moved', binding, { code, reason, before: from.accountId, after: binding.accountId });
  }

  renewed(binding: Binding): void {
    this.#tell('renewed', binding, { ...bindingReason('used'), after: binding.accountId });
  }

  borrowed(binding: Binding, { accountId, code, reason }: { accountId: string } & BindingReason): void {
    this.#counts.borrowed += 1;
    this.#tell('borrowed', binding, { code, reason, after: accountId });
  }

  pinned(binding: Binding): void {
    const kind = binding.isPinned ? 'pinned' : 'unpinned';
    this.#tell(kind, binding, { ...bindingReason(kind), after: binding.accountId });
  }

  /** They ended before their time, all for one reason. */
  invalidated(bindings: readonly Binding[], { code, reason }: BindingReason): void {
    this.countInvalidations(code, bindings.length);
    for (const binding of bindings.slice(0, MAX_TOLD_AT_ONCE))
      this.#tell('cleared', binding, { code, reason, after: null });
  }

  expired(bindings: readonly Binding[], code: 'unused' | 'no-room'): void {
    this.#counts.expired += bindings.length;
    for (const binding of bindings.slice(0, MAX_TOLD_AT_ONCE))
      this.#tell('expired', binding, { ...bindingReason(code), after: null });
  }

  countInvalidations(code: BindingCode, count: number): void {
    if (count > 0) this.#invalidations.set(code, (this.#invalidations.get(code) ?? 0) + count);
  }

  counters(): AffinityCounters {
    return { ...this.#counts, invalidations: this.#invalidations };
  }

  /** `before` is the binding's own account unless said otherwise. */
  #tell(
    kind: AffinityEventKind,
    binding: Binding,
    change: BindingReason & { before?: string | null; after: string | null },
  ): void {
    const { code, reason, before = binding.accountId, after } = change;
    const atMs = this.#nowMs();
    const event = { kind, atMs, code, reason, accountIdBefore: before, accountIdAfter: after, binding };
    this.#live.publish({ kind: 'affinity', event });
    this.history.add({ event, sequence: this.#live.lastSequence('affinity') });
  }
}
