// Events of bindings in a list: newest first, none twice, not more than a screen can hold. Pure.

/** As many as the gateway keeps. */
export const MAX_EVENTS = 5000;

export interface ListedEvent {
  /** Its position, which no other event has. */
  cursor: string;
}

/** `newer` before `older`; what stands in both stands where it is newer. */
export function mergedEvents<Event extends ListedEvent>(
  newer: readonly Event[],
  older: readonly Event[],
): readonly Event[] {
  const known = new Set(newer.map(({ cursor }) => cursor));
  return [...newer, ...older.filter(({ cursor }) => !known.has(cursor))].slice(0, MAX_EVENTS);
}
