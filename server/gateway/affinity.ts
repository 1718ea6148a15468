// Bindings: which account a conversation is warm on. Find, reserve, confirm, borrow, unbind, pin, move, clear.
//
// A first request reserves its account at selection, so that two first requests of one session go to the same one;
// the first byte confirms it, a failure before that takes it back. A request that goes elsewhere for once borrows:
// the binding stays, because the cache it stands for is still warm. Clearing revokes the tickets of requests in
// flight, so that their success cannot bring back what an admin removed. A binding that is made anew is another entry,
// and a ticket moves or updates only the entry that it goes by: an older request never overwrites a newer binding.

import type { AffinityHistory } from './affinity-history.ts';
import { AffinityJournal } from './affinity-journal.ts';
import { goBy, isAlive, isHeld, movedBinding, newBinding, newTicket, revoke } from './binding-facts.ts';
import { BINDING_REASONS, bindingReason, type ClearCode, type OutCode } from './binding-reasons.ts';
import { type BindingEntry, BindingTable, MAX_PINNED } from './bindings.ts';
import type { Candidate } from './catalog.ts';
import { type AttemptFault, BINDING_EFFECTS } from './faults.ts';
import type { AffinityIdentity } from './identity.ts';
import type { Live } from './live.ts';
import type { Binding, BindingStore, Clock } from './ports.ts';
import { steadyNow } from './steady-clock.ts';
import type { AffinityCounters, AffinityResult, AffinityTicket, Away, Why } from './ticket.ts';

/** So many failures of the bound account in a row and the binding is given up. */
const FAILURES_TO_UNBIND = 3;
const MAX_BINDINGS = 100_000;
/** Faults by which an account is out of service at once, as its condition says to the requests that follow. */
const OUT_BY: Partial<Record<AttemptFault, OutCode>> = {
  refused: 'account-disabled',
  quota: 'account-resting',
};
/** A request went elsewhere because its conversation was bound or moved while it was under way. */
const BOUND_MEANWHILE: Away = {
  code: 'bound-meanwhile',
  reason: `${BINDING_REASONS['bound-meanwhile']}; that binding stays`,
  moves: false,
};

export interface AffinityOptions {
  clock: Clock;
  live: Live;
  /** Bindings kept at most (default 100,000); beyond it the one unused longest goes. */
  maxBindings?: number;
}

/** What a request would find. */
interface Peek {
  binding: Binding;
  borrowedAccountId: string | null;
  isHeldToBound: boolean;
}

/** Owns all bindings. Bounded by `maxBindings`; an entry goes when it expires, is unbound, cleared or evicted. */
export class AffinityTable {
  /** Steady, so that a stepped wall clock ends no binding. */
  readonly #nowMs: () => number;
  readonly #journal: AffinityJournal;
  readonly #table: BindingTable;
  readonly #openTickets = new Set<AffinityTicket>();

  constructor(options: AffinityOptions) {
    this.#nowMs = steadyNow(options.clock);
    this.#journal = new AffinityJournal(options.live, this.#nowMs);
    this.#table = new BindingTable(options.maxBindings ?? MAX_BINDINGS);
  }

  /** Takes over bindings that were saved before a restart. */
  restore(bindings: readonly Binding[]): void {
    const nowMs = this.#nowMs();
    const alive = bindings.filter((binding) => isAlive(binding, nowMs));
    this.#table.restore(alive);
    this.#journal.restored(alive.length);
  }

  /**
   * Looks up the binding of a request. `whyGone` tells why its account can no longer serve it (deleted, paused,
   * disabled, model withdrawn, or cooling down past the binding's end; of a pinned one, only that it no longer serves the
   * model): then the binding is given up here.
   */
  open(identity: AffinityIdentity, whyGone: (binding: Binding) => Why | null): AffinityTicket {
    const ticket = newTicket(identity);
    this.#openTickets.add(ticket);
    const entry = this.#find(identity);
    this.#journal.lookedUp(entry !== null);
    if (!entry) return ticket;
    ticket.isThroughApiKey = entry.binding.key !== identity.key;
    // Where it was borrowed last its prompt is warm too: the next best place, also when it must move for good.
    ticket.borrowedAccountId = entry.borrowedAccountId;
    const gone = whyGone(entry.binding);
    if (gone === null) goBy(ticket, entry);
    else this.#giveUp(ticket, entry, gone);
    return ticket;
  }

  /** What a request of this identity would find: its binding, and where it was borrowed last. Counts as no lookup. */
  peek(identity: AffinityIdentity): Peek | null {
    const entry = this.#find(identity);
    if (!entry) return null;
    const { binding, borrowedAccountId } = entry;
    return { binding, borrowedAccountId, isHeldToBound: isHeld(binding) };
  }

  /** The request is about to be sent to this candidate: binds the session to it unless it is bound already. */
  reserve(ticket: AffinityTicket, candidate: Candidate, ttlMs: number): void {
    ticket.candidate = candidate;
    if (ticket.isRevoked || ttlMs <= 0 || this.#liveEntry(ticket.identity.key)) return;
    // An API key that is bound elsewhere is only borrowing here.
    if (ticket.boundAccountId !== null && ticket.boundAccountId !== candidate.account.id) return;
    ticket.entry = this.#put(ticket, this.#made(ticket, candidate, ttlMs), ticket);
  }

  /**
   * The first byte of the reply is there: the prompt is warm on this account now. `away` says why it is not the bound
   * account, and whether the session stays here.
   */
  confirm(
    ticket: AffinityTicket,
    candidate: Candidate,
    { ttlMs, away }: { ttlMs: number; away: Away | null },
  ): AffinityResult {
    if (ticket.isRevoked) {
      return { outcome: 'none', code: 'cleared', reason: 'cleared while the request was in flight' };
    }
    if (ttlMs <= 0) {
      return { outcome: 'none', code: 'account-does-not-cache', reason: 'the account does not cache' };
    }
    const entry = this.#liveEntry(ticket.identity.key);
    if (!entry) return this.#bind(ticket, candidate, ttlMs);
    if (entry.binding.accountId === candidate.account.id)
      return this.#renew(ticket, entry, { candidate, ttlMs });
    if (entry.reservedBy) {
      this.#table.remove(entry);
      return this.#bind(ticket, candidate, ttlMs);
    }
    if (entry !== ticket.entry) return this.#borrow(entry, { candidate, away: BOUND_MEANWHILE });
    if (away?.moves && !entry.binding.isPinned) {
      this.#giveUp(ticket, entry, away);
      return this.#bind(ticket, candidate, ttlMs);
    }
    return this.#borrow(entry, { candidate, away });
  }

  /**
   * An attempt failed before its first byte. Only a binding to that very account is touched; none when the fault `isMoot`,
   * as what it tells of the account holds no more.
   */
  attemptFailed(
    ticket: AffinityTicket,
    candidate: Candidate,
    { kind, reason, isMoot = false }: { kind: AttemptFault; reason: string; isMoot?: boolean },
  ): void {
    const reserved = this.#liveEntry(ticket.identity.key);
    if (reserved?.reservedBy === ticket) this.#table.remove(reserved);
    const entry = this.#find(ticket.identity);
    if (!entry || entry.reservedBy || entry.binding.accountId !== candidate.account.id) return;
    if (entry.binding.isPinned || isMoot) return;
    const effect = BINDING_EFFECTS[kind];
    if (effect === 'keep') return;
    if (effect === 'count') {
      entry.failuresInRow += 1;
      if (entry.failuresInRow < FAILURES_TO_UNBIND) return;
    }
    this.#giveUp(ticket, entry, { code: OUT_BY[kind] ?? 'account-failing', reason });
  }

  /** Closes the ticket; call it once when the exchange is over. Records what the reply said is warm now. */
  settle(
    ticket: AffinityTicket,
    usage: { inputTokens: number | null; cacheReadTokens: number | null } | null,
  ): void {
    this.#openTickets.delete(ticket);
    const entry = this.#table.get(ticket.identity.key);
    if (entry?.reservedBy === ticket) this.#table.remove(entry);
    else if (
      entry &&
      entry === ticket.entry &&
      usage &&
      !ticket.isRevoked &&
      entry.binding.accountId === ticket.candidate?.account.id
    ) {
      const { binding } = entry;
      this.#table.update(entry, {
        ...binding,
        warmTokens: usage.inputTokens ?? binding.warmTokens,
        cacheReadTokens: binding.cacheReadTokens + (usage.cacheReadTokens ?? 0),
      });
    }
  }

  /**
   * Pins a live binding, or takes the pin off. A pinned one neither expires nor makes room nor moves by itself: not when
   * its account is paused, disabled, rests or fails, when requests go elsewhere for once. It ends when it is cleared, or
   * when its account no longer serves the model. Taken off, its lifetime starts again. Null = there is no such binding.
   */
  pin(key: string, { isPinned, ttlMs }: { isPinned: boolean; ttlMs: number }): Binding | 'too-many' | null {
    const entry = this.#confirmed(key);
    if (!entry || entry.binding.isPinned === isPinned) return entry?.binding ?? null;
    if (isPinned && this.#table.pinnedCount >= MAX_PINNED) return 'too-many';
    const expiresAtMs = isPinned ? entry.binding.expiresAtMs : this.#nowMs() + ttlMs;
    this.#table.update(entry, { ...entry.binding, isPinned, expiresAtMs });
    this.#journal.pinned(entry.binding);
    return entry.binding;
  }

  /**
   * Moves a live binding to another account, where nothing is expected to be warm. Requests not sent yet go there;
   * those under way where it was change nothing any more. Null = there is no such binding.
   */
  move(key: string, { candidate, ttlMs }: { candidate: Candidate; ttlMs: number }): Binding | null {
    const entry = this.#confirmed(key);
    if (!entry || entry.binding.accountId === candidate.account.id) return entry?.binding ?? null;
    const before = entry.binding;
    const after = movedBinding(before, candidate, { nowMs: this.#nowMs(), ttlMs });
    const moved = { ...entry, binding: after, failuresInRow: 0, borrowedAccountId: before.accountId };
    this.#table.put(moved);
    for (const ticket of this.#openTickets) {
      if (ticket.entry !== entry) continue;
      ticket.boundAccountId = after.accountId;
      ticket.isHeldToBound = true;
    }
    this.#journal.countInvalidations('moved', 1);
    const { accountId, providerId } = before;
    this.#journal.moved(after, { accountId, providerId, ...bindingReason('moved') });
    return after;
  }

  /** Removes every live binding that matches, pinned or not, and keeps requests in flight from bringing them back. */
  clear(matches: (binding: Binding) => boolean, code: ClearCode): Binding[] {
    this.sweep();
    for (const ticket of this.#openTickets) if (this.#standsFor(ticket, matches)) revoke(ticket);
    const matching = this.#table.all().filter((entry) => matches(entry.binding));
    for (const entry of matching) this.#table.remove(entry);
    const cleared = matching.filter(({ reservedBy }) => !reservedBy).map(({ binding }) => binding);
    this.#journal.invalidated(cleared, bindingReason(code));
    return cleared;
  }

  /** Live, confirmed bindings, least recently used first. */
  list(): readonly Binding[] {
    const nowMs = this.#nowMs();
    const live: Binding[] = [];
    for (const { binding, reservedBy } of this.#table.each()) {
      if (!reservedBy && isAlive(binding, nowMs)) live.push(binding);
    }
    return live;
  }

  /** The live, confirmed binding with this key. Counts as no lookup. */
  get(key: string): Binding | null {
    return this.#confirmed(key)?.binding ?? null;
  }

  /** Requests between lookup and settlement. */
  get openTickets(): number {
    return this.#openTickets.size;
  }

  counters(): AffinityCounters {
    return this.#journal.counters();
  }

  /** What became of bindings lately. */
  get history(): Pick<AffinityHistory, 'newestFirst' | 'sinceMs'> {
    return this.#journal.history;
  }

  /** Drops what has expired. Call it every few seconds. */
  sweep(): void {
    const nowMs = this.#nowMs();
    const over: BindingEntry[] = [];
    for (const entry of this.#table.each())
      if (!entry.reservedBy && !isAlive(entry.binding, nowMs)) over.push(entry);
    for (const entry of over) this.#table.remove(entry);
    const ended = over.map(({ binding }) => binding);
    this.#journal.expired(ended, 'unused');
  }

  /** Writes what changed since the last call; throws what the store throws, and tries it all again next time. */
  save(store: BindingStore): Promise<void> {
    return this.#table.save(store);
  }

  // ---- one binding ---------------------------------------------------------------------------------

  #bind(ticket: AffinityTicket, candidate: Candidate, ttlMs: number): AffinityResult {
    const entry = this.#put(ticket, this.#made(ticket, candidate, ttlMs), null);
    ticket.entry = entry;
    return this.#bound(ticket, entry.binding);
  }

  #made({ identity }: AffinityTicket, candidate: Candidate, ttlMs: number): Binding {
    return newBinding(identity, candidate, { nowMs: this.#nowMs(), ttlMs });
  }

  #renew(
    ticket: AffinityTicket,
    entry: BindingEntry,
    { candidate, ttlMs }: { candidate: Candidate; ttlMs: number },
  ): AffinityResult {
    const wasReserved = entry.reservedBy !== null;
    const nowMs = this.#nowMs();
    entry.reservedBy = null;
    entry.failuresInRow = 0;
    ticket.entry = entry;
    const requestCount = wasReserved ? 1 : entry.binding.requestCount + 1;
    this.#table.update(entry, {
      ...entry.binding,
      // The same account may be reached by another endpoint by now.
      endpointId: candidate.endpoint.id,
      requestCount,
      lastHitAtMs: nowMs,
      expiresAtMs: nowMs + ttlMs,
    });
    if (wasReserved) return this.#bound(ticket, entry.binding);
    this.#journal.renewed(entry.binding);
    return { outcome: 'hit', code: 'bound-account', reason: 'went to the account it is bound to' };
  }

  /** A binding has come into being: new, through its API key's, or moved from the one given up on the way. */
  #bound(ticket: AffinityTicket, binding: Binding): AffinityResult {
    const from = ticket.movedFrom;
    if (from && from.accountId !== binding.accountId) {
      this.#journal.moved(binding, from);
      return { outcome: 'moved', code: from.code, reason: from.reason };
    }
    const isThroughApiKey = ticket.isThroughApiKey && ticket.boundAccountId === binding.accountId;
    const why = bindingReason(isThroughApiKey ? 'api-key-bound' : 'nothing-bound');
    this.#journal.bound(binding, why.code);
    return { outcome: isThroughApiKey ? 'hit' : 'new', ...why };
  }

  #borrow(
    entry: BindingEntry,
    { candidate, away }: { candidate: Candidate; away: Away | null },
  ): AffinityResult {
    entry.borrowedAccountId = candidate.account.id;
    const code = away?.code ?? 'bound-account-failed';
    const reason = away?.reason ?? 'the bound account could not take the request; the binding stays';
    this.#journal.borrowed(entry.binding, { accountId: candidate.account.id, code, reason });
    return { outcome: 'borrowed', code, reason };
  }

  #giveUp(ticket: AffinityTicket, entry: BindingEntry, { code, reason }: Why): void {
    const { accountId, providerId } = entry.binding;
    ticket.movedFrom = { accountId, providerId, code, reason };
    ticket.entry = null;
    ticket.boundAccountId = null;
    ticket.isHeldToBound = false;
    const gone = ticket.identity.scope === 'api-key' ? this.#siblings(entry) : [entry];
    for (const one of gone) this.#table.remove(one);
    const bindings = gone.map(({ binding }) => binding);
    this.#journal.invalidated(bindings, { code, reason });
  }

  /** In the api-key scope one account stands for the key: all of the key's bindings to it go together, but for pinned ones. */
  #siblings(entry: BindingEntry): BindingEntry[] {
    return this.#table
      .ofTenant(entry.tenant)
      .filter(
        (other) =>
          other === entry || (!other.binding.isPinned && other.binding.accountId === entry.binding.accountId),
      );
  }

  #expire(entry: BindingEntry, code: 'unused' | 'no-room'): void {
    this.#table.remove(entry);
    this.#journal.expired([entry.binding], code);
  }

  /** Whether its success could bring back what matches: its conversation has such a binding, or it would make one where it is now. */
  #standsFor(
    { identity, entry, candidate }: AffinityTicket,
    matches: (binding: Binding) => boolean,
  ): boolean {
    if (entry && matches(entry.binding)) return true;
    const current = this.#table.get(identity.key);
    if (current && matches(current.binding)) return true;
    return candidate !== null && matches(newBinding(identity, candidate, { nowMs: this.#nowMs(), ttlMs: 0 }));
  }

  // ---- the table -----------------------------------------------------------------------------------

  /** The request's own binding, else in the api-key scope the key's most recently used one on the same surface. */
  #find(identity: AffinityIdentity): BindingEntry | null {
    const own = this.#liveEntry(identity.key);
    if (own || identity.scope !== 'api-key') return own;
    const nowMs = this.#nowMs();
    const others = this.#table
      .ofTenant(identity.tenant)
      .filter(
        ({ binding, reservedBy }) =>
          (reservedBy !== null || isAlive(binding, nowMs)) &&
          binding.surface === identity.surface &&
          binding.sessionId === null,
      );
    return others.toSorted((a, b) => b.binding.lastHitAtMs - a.binding.lastHitAtMs)[0] ?? null;
  }

  /** A reservation lives as long as its request, a confirmed binding until it expires. */
  #liveEntry(key: string): BindingEntry | null {
    const entry = this.#table.get(key);
    if (!entry) return null;
    if (entry.reservedBy || isAlive(entry.binding, this.#nowMs())) return entry;
    this.#expire(entry, 'unused');
    return null;
  }

  #confirmed(key: string): BindingEntry | null {
    const entry = this.#table.get(key);
    return entry && !entry.reservedBy && isAlive(entry.binding, this.#nowMs()) ? entry : null;
  }

  #put(ticket: AffinityTicket, binding: Binding, reservedBy: AffinityTicket | null): BindingEntry {
    const entry: BindingEntry = {
      binding,
      tenant: ticket.identity.tenant,
      reservedBy,
      failuresInRow: 0,
      borrowedAccountId: null,
    };
    const evicted = this.#table.put(entry);
    if (evicted) this.#expire(evicted, 'no-room');
    return entry;
  }
}
