// Bindings: which account a conversation is warm on. Find, reserve, confirm, borrow, unbind, clear.
//
// A first request reserves its account at selection, so that two first requests of one session go to the same one;
// the first byte confirms it, a failure before that takes it back. A request that goes elsewhere for once borrows:
// the binding stays, because the cache it stands for is still warm. Clearing revokes the tickets of requests in
// flight, so that their success cannot bring back what an admin removed.

import { type BindingEntry, BindingTable } from './bindings.ts';
import type { Candidate } from './catalog.ts';
import { type AttemptFault, BINDING_EFFECTS } from './faults.ts';
import type { AffinityIdentity } from './identity.ts';
import type { Live } from './live.ts';
import type { AffinityEventKind, Binding, BindingStore, Clock } from './ports.ts';
import { steadyNow } from './steady-clock.ts';
import type { AffinityCounters, AffinityResult, AffinityTicket, Away, Why } from './ticket.ts';

/** So many failures of the bound account in a row and the binding is given up. */
const FAILURES_TO_UNBIND = 3;
const MAX_BINDINGS = 100_000;
const NOT_USED = 'not used within its lifetime';

export interface AffinityOptions {
  clock: Clock;
  live: Live;
  /** Bindings kept at most (default 100,000); beyond it the one unused longest goes. */
  maxBindings?: number;
}

/** Owns all bindings. Bounded by `maxBindings`; an entry goes when it expires, is unbound, cleared or evicted. */
export class AffinityTable {
  /** Steady, so that a stepped wall clock ends no binding. */
  readonly #nowMs: () => number;
  readonly #live: Live;
  readonly #table: BindingTable;
  readonly #openTickets = new Set<AffinityTicket>();
  readonly #invalidations = new Map<string, number>();
  #total = 0;
  #hits = 0;
  #misses = 0;
  #providerSwitches = 0;
  #keySwitches = 0;

  constructor(options: AffinityOptions) {
    this.#nowMs = steadyNow(options.clock);
    this.#live = options.live;
    this.#table = new BindingTable(options.maxBindings ?? MAX_BINDINGS);
  }

  /** Takes over bindings that were saved before a restart. */
  restore(bindings: readonly Binding[]): void {
    const nowMs = this.#nowMs();
    this.#table.restore(bindings.filter((binding) => binding.expiresAtMs > nowMs));
  }

  /**
   * Looks up the binding of a request. `whyGone` tells why its account can no longer serve it (deleted, paused,
   * disabled, model withdrawn, or cooling down past the binding's end): then the binding is given up here.
   */
  open(identity: AffinityIdentity, whyGone: (binding: Binding) => Why | null): AffinityTicket {
    const ticket: AffinityTicket = {
      identity,
      boundAccountId: null,
      borrowedAccountId: null,
      movedFrom: null,
      isThroughApiKey: false,
      candidate: null,
      isRevoked: false,
    };
    this.#openTickets.add(ticket);
    const entry = this.#find(identity);
    if (!entry) {
      this.#misses += 1;
      return ticket;
    }
    ticket.isThroughApiKey = entry.binding.key !== identity.key;
    this.#hits += 1;
    // Where it was borrowed last its prompt is warm too: the next best place, also when it must move for good.
    ticket.borrowedAccountId = entry.borrowedAccountId;
    const gone = whyGone(entry.binding);
    if (gone === null) ticket.boundAccountId = entry.binding.accountId;
    else this.#giveUp(ticket, entry, gone);
    return ticket;
  }

  /** What a request of this identity would find: its binding, and where it was borrowed last. Counts as no lookup. */
  peek(identity: AffinityIdentity): { binding: Binding; borrowedAccountId: string | null } | null {
    const entry = this.#find(identity);
    return entry && { binding: entry.binding, borrowedAccountId: entry.borrowedAccountId };
  }

  /** The request is about to be sent to this candidate: binds the session to it unless it is bound already. */
  reserve(ticket: AffinityTicket, candidate: Candidate, ttlMs: number): void {
    ticket.candidate = candidate;
    if (ticket.isRevoked || ttlMs <= 0 || this.#liveEntry(ticket.identity.key)) return;
    // An API key that is bound elsewhere is only borrowing here.
    if (ticket.boundAccountId !== null && ticket.boundAccountId !== candidate.account.id) return;
    this.#put(ticket, this.#newBinding(ticket.identity, candidate, ttlMs), ticket);
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
    if (entry.binding.accountId === candidate.account.id) return this.#renew(ticket, entry, ttlMs);
    if (entry.reservedBy) {
      this.#table.remove(entry);
      return this.#bind(ticket, candidate, ttlMs);
    }
    if (away?.moves) {
      this.#giveUp(ticket, entry, away);
      return this.#bind(ticket, candidate, ttlMs);
    }
    return this.#borrow(entry, { candidate, away });
  }

  /** An attempt failed before its first byte. Only a binding to that very account is touched. */
  attemptFailed(
    ticket: AffinityTicket,
    candidate: Candidate,
    fault: { kind: AttemptFault; reason: string },
  ): void {
    const reserved = this.#liveEntry(ticket.identity.key);
    if (reserved?.reservedBy === ticket) this.#table.remove(reserved);
    const entry = this.#find(ticket.identity);
    if (!entry || entry.reservedBy || entry.binding.accountId !== candidate.account.id) return;
    const effect = BINDING_EFFECTS[fault.kind];
    if (effect === 'keep') return;
    if (effect === 'count') {
      entry.failuresInRow += 1;
      if (entry.failuresInRow < FAILURES_TO_UNBIND) return;
    }
    this.#giveUp(ticket, entry, { code: 'account-failing', reason: fault.reason });
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

  /** Removes every live binding that matches, and keeps requests in flight from bringing them back. */
  clear(matches: (binding: Binding) => boolean, reason: string): Binding[] {
    this.sweep();
    for (const ticket of this.#openTickets) {
      const wouldBe = ticket.candidate && this.#newBinding(ticket.identity, ticket.candidate, 0);
      if (wouldBe && matches(wouldBe)) ticket.isRevoked = true;
    }
    const matching = this.#table.all().filter((entry) => matches(entry.binding));
    for (const entry of matching) {
      if (entry.reservedBy) this.#table.remove(entry);
      else this.#drop(entry, reason);
    }
    return matching.filter((entry) => !entry.reservedBy).map((entry) => entry.binding);
  }

  /** Live, confirmed bindings, least recently used first. */
  list(): readonly Binding[] {
    const nowMs = this.#nowMs();
    const live: Binding[] = [];
    for (const { binding, reservedBy } of this.#table.all()) {
      if (!reservedBy && binding.expiresAtMs > nowMs) live.push(binding);
    }
    return live;
  }

  /** Requests between lookup and settlement. */
  get openTickets(): number {
    return this.#openTickets.size;
  }

  counters(): AffinityCounters {
    return {
      total: this.#total,
      hits: this.#hits,
      misses: this.#misses,
      invalidations: this.#invalidations,
      providerSwitches: this.#providerSwitches,
      keySwitches: this.#keySwitches,
    };
  }

  /** Drops what has expired, each with its event. Call it every few seconds. */
  sweep(): void {
    const nowMs = this.#nowMs();
    for (const entry of this.#table.all()) {
      if (entry.binding.expiresAtMs <= nowMs && !entry.reservedBy) this.#expire(entry, NOT_USED);
    }
  }

  /** Writes what changed since the last call; throws what the store throws, and tries it all again next time. */
  save(store: BindingStore): Promise<void> {
    return this.#table.save(store);
  }

  // ---- one binding ---------------------------------------------------------------------------------

  #bind(ticket: AffinityTicket, candidate: Candidate, ttlMs: number): AffinityResult {
    const entry = this.#put(ticket, this.#newBinding(ticket.identity, candidate, ttlMs), null);
    return this.#bound(ticket, entry.binding);
  }

  #renew(ticket: AffinityTicket, entry: BindingEntry, ttlMs: number): AffinityResult {
    const wasReserved = entry.reservedBy !== null;
    const nowMs = this.#nowMs();
    entry.reservedBy = null;
    entry.failuresInRow = 0;
    const requestCount = wasReserved ? 1 : entry.binding.requestCount + 1;
    this.#table.update(entry, {
      ...entry.binding,
      requestCount,
      lastHitAtMs: nowMs,
      expiresAtMs: nowMs + ttlMs,
    });
    if (wasReserved) return this.#bound(ticket, entry.binding);
    this.#announce('renewed', entry.binding, { reason: 'used again', after: entry.binding.accountId });
    return { outcome: 'hit', code: 'bound-account', reason: 'went to the account it is bound to' };
  }

  /** A binding has come into being: new, through its API key's, or moved from the one given up on the way. */
  #bound(ticket: AffinityTicket, binding: Binding): AffinityResult {
    this.#total += 1;
    const from = ticket.movedFrom;
    if (from && from.accountId !== binding.accountId) {
      this.#keySwitches += 1;
      if (from.providerId !== binding.providerId) this.#providerSwitches += 1;
      this.#announce('moved', binding, {
        reason: from.reason,
        before: from.accountId,
        after: binding.accountId,
      });
      return { outcome: 'moved', code: from.code, reason: from.reason };
    }
    const isThroughApiKey = ticket.isThroughApiKey && ticket.boundAccountId === binding.accountId;
    const reason = isThroughApiKey ? 'its API key is bound to the account' : 'nothing was bound';
    this.#announce('bound', binding, { reason, before: null, after: binding.accountId });
    return isThroughApiKey
      ? { outcome: 'hit', code: 'api-key-bound', reason }
      : { outcome: 'new', code: 'nothing-bound', reason };
  }

  #borrow(
    entry: BindingEntry,
    { candidate, away }: { candidate: Candidate; away: Away | null },
  ): AffinityResult {
    entry.borrowedAccountId = candidate.account.id;
    const code = away?.code ?? 'bound-account-failed';
    const reason = away?.reason ?? 'the bound account could not take the request; the binding stays';
    this.#announce('borrowed', entry.binding, { reason, after: candidate.account.id });
    return { outcome: 'borrowed', code, reason };
  }

  #giveUp(ticket: AffinityTicket, entry: BindingEntry, { code, reason }: Why): void {
    const { accountId, providerId } = entry.binding;
    ticket.movedFrom = { accountId, providerId, code, reason };
    ticket.boundAccountId = null;
    // In the api-key scope one account stands for the key: all of the key's bindings to it go together.
    const siblings = this.#table
      .ofTenant(entry.tenant)
      .filter((other) => other.binding.accountId === accountId);
    for (const gone of ticket.identity.scope === 'api-key' ? siblings : [entry]) this.#drop(gone, reason);
  }

  #drop(entry: BindingEntry, reason: string): void {
    this.#table.remove(entry);
    this.#invalidations.set(reason, (this.#invalidations.get(reason) ?? 0) + 1);
    this.#announce('cleared', entry.binding, { reason, after: null });
  }

  #expire(entry: BindingEntry, reason: string): void {
    this.#table.remove(entry);
    this.#announce('expired', entry.binding, { reason, after: null });
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
          (reservedBy !== null || binding.expiresAtMs > nowMs) &&
          binding.surface === identity.surface &&
          binding.sessionId === null,
      );
    return others.toSorted((a, b) => b.binding.lastHitAtMs - a.binding.lastHitAtMs)[0] ?? null;
  }

  /** A reservation lives as long as its request, a confirmed binding until it expires. */
  #liveEntry(key: string): BindingEntry | null {
    const entry = this.#table.get(key);
    if (!entry) return null;
    if (entry.reservedBy || entry.binding.expiresAtMs > this.#nowMs()) return entry;
    this.#expire(entry, NOT_USED);
    return null;
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
    if (evicted) this.#expire(evicted, 'more bindings than are kept');
    return entry;
  }

  #newBinding(identity: AffinityIdentity, candidate: Candidate, ttlMs: number): Binding {
    const nowMs = this.#nowMs();
    return {
      key: identity.key,
      apiKeyId: identity.apiKeyId,
      userId: identity.userId,
      sessionId: identity.sessionId,
      modelId: identity.modelId,
      surface: identity.surface,
      providerId: candidate.provider.id,
      endpointId: candidate.endpoint.id,
      accountId: candidate.account.id,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + ttlMs,
      lastHitAtMs: nowMs,
      requestCount: 1,
      warmTokens: 0,
      cacheReadTokens: 0,
    };
  }

  /** `before` is the binding's own account unless said otherwise. */
  #announce(
    kind: AffinityEventKind,
    binding: Binding,
    change: { reason: string; before?: string | null; after: string | null },
  ): void {
    const { reason, before = binding.accountId, after } = change;
    const atMs = this.#nowMs();
    const event = { kind, atMs, reason, accountIdBefore: before, accountIdAfter: after, binding };
    this.#live.publish({ kind: 'affinity', event });
  }
}
