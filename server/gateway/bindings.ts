// The bounded table of bindings, by key and by tenant, that remembers what is not saved yet. Decides nothing.

import { tenantOfApiKey } from './identity.ts';
import type { Binding, BindingStore } from './ports.ts';

export interface BindingEntry {
  binding: Binding;
  tenant: string;
  /** The request that reserved it and has had no first byte yet; null = confirmed. */
  reservedBy: object | null;
  failuresInRow: number;
  /** Where the last borrowed request went, so that borrowing again finds that cache warm. */
  borrowedAccountId: string | null;
}

/** Pinned bindings at most: they make room for nobody. */
export const MAX_PINNED = 1_000;

/** Owns the entries, in order of last use; at most `maxBindings`, then the one unused longest that is not pinned must go. */
export class BindingTable {
  readonly #maxBindings: number;
  readonly #entries = new Map<string, BindingEntry>();
  /** Tenant → its binding keys; an empty set is dropped. */
  readonly #keysByTenant = new Map<string, Set<string>>();
  /** Keys of pinned bindings. */
  readonly #pinned = new Set<string>();
  /** Keys put or removed since the last save. */
  readonly #unsaved = new Set<string>();

  constructor(maxBindings: number) {
    this.#maxBindings = maxBindings;
  }

  get pinnedCount(): number {
    return this.#pinned.size;
  }

  get(key: string): BindingEntry | null {
    return this.#entries.get(key) ?? null;
  }

  /** Least recently used first; not to be kept over a change of the table. */
  each(): IterableIterator<BindingEntry> {
    return this.#entries.values();
  }

  /** A snapshot, least recently used first. */
  all(): BindingEntry[] {
    return [...this.#entries.values()];
  }

  ofTenant(tenant: string): BindingEntry[] {
    const entries = [...(this.#keysByTenant.get(tenant) ?? [])].map((key) => this.#entries.get(key));
    return entries.filter((entry) => entry !== undefined);
  }

  /** Adds or replaces at the young end. Returns the entry that had to make room, already removed, or null. */
  put(entry: BindingEntry): BindingEntry | null {
    const { key } = entry.binding;
    this.#setYoungest(entry);
    const keys = this.#keysByTenant.get(entry.tenant) ?? new Set();
    this.#keysByTenant.set(entry.tenant, keys.add(key));
    if (this.#entries.size <= this.#maxBindings) return null;
    const oldest = this.#oldestUnpinned();
    if (oldest) this.remove(oldest);
    return oldest;
  }

  /** Pinned ones on the way go to the young end, so that the next one need not pass them again. */
  #oldestUnpinned(): BindingEntry | null {
    let left = this.#pinned.size;
    for (const entry of this.#entries.values()) {
      if (!entry.binding.isPinned) return entry;
      if (left === 0) return null;
      left -= 1;
      this.#entries.delete(entry.binding.key);
      this.#entries.set(entry.binding.key, entry);
    }
    return null;
  }

  #setYoungest(entry: BindingEntry): void {
    const { key, isPinned } = entry.binding;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#unsaved.add(key);
    if (isPinned) this.#pinned.add(key);
    else this.#pinned.delete(key);
  }

  /** Replaces the entry's binding (same key) and moves it to the young end. */
  update(entry: BindingEntry, binding: Binding): void {
    entry.binding = binding;
    this.#setYoungest(entry);
  }

  /** Removes this very entry; one that has taken its key since stays. */
  remove(entry: BindingEntry): void {
    const { key } = entry.binding;
    if (this.#entries.get(key) !== entry) return;
    this.#entries.delete(key);
    this.#pinned.delete(key);
    this.#unsaved.add(key);
    const keys = this.#keysByTenant.get(entry.tenant);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysByTenant.delete(entry.tenant);
  }

  /** Takes over saved bindings; they count as saved. */
  restore(bindings: readonly Binding[]): void {
    for (const binding of bindings.toSorted((a, b) => a.lastHitAtMs - b.lastHitAtMs)) {
      const tenant = tenantOfApiKey(binding.apiKeyId);
      this.put({ binding, tenant, reservedBy: null, failuresInRow: 0, borrowedAccountId: null });
    }
    this.#unsaved.clear();
  }

  /** Writes what changed since the last save. Reservations and anonymous callers' bindings live in memory only. */
  async save(store: BindingStore): Promise<void> {
    if (this.#unsaved.size === 0) return;
    const keys = [...this.#unsaved];
    this.#unsaved.clear();
    const put: Binding[] = [];
    const removed: string[] = [];
    for (const key of keys) {
      const entry = this.#entries.get(key);
      if (entry && entry.reservedBy === null && entry.binding.apiKeyId !== null) put.push(entry.binding);
      else removed.push(key);
    }
    try {
      await store.save({ put, delete: removed });
    } catch (error) {
      for (const key of keys) this.#unsaved.add(key);
      throw error;
    }
  }
}
