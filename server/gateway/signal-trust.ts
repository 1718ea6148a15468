// Notices callers whose `prompt_cache_key` is new with every request: such a key names no conversation.

/** So many keys in a row that were never seen before, and a caller's keys are not believed until one comes again. */
const MAX_NEW_IN_ROW = 32;
/** Keys remembered per caller, the latest first to be met again. */
const MAX_KEYS = 64;
/** Callers remembered; beyond it the one unused longest is forgotten, and believed again. */
const MAX_CALLERS = 10_000;

interface Caller {
  keys: Set<string>;
  newInRow: number;
}

/** Owns what was seen of each caller's keys; bounded by callers × keys. */
export class SignalTrust {
  readonly #callers = new Map<string, Caller>();

  /** Notes the key and says whether this caller's keys can be taken for conversations. */
  believes(tenant: string, key: string): boolean {
    const caller = this.#callers.get(tenant) ?? { keys: new Set(), newInRow: 0 };
    this.#callers.delete(tenant);
    this.#callers.set(tenant, caller);
    const oldestCaller = this.#callers.keys().next().value;
    if (this.#callers.size > MAX_CALLERS && oldestCaller !== undefined) this.#callers.delete(oldestCaller);
    const isKnown = caller.keys.delete(key);
    caller.keys.add(key);
    caller.newInRow = isKnown ? 0 : caller.newInRow + 1;
    const oldestKey = caller.keys.values().next().value;
    if (caller.keys.size > MAX_KEYS && oldestKey !== undefined) caller.keys.delete(oldestKey);
    return isKnown || caller.newInRow <= MAX_NEW_IN_ROW;
  }
}
