// What a change of a binding does to the list on the screen. Pure.

export interface ListedBinding {
  id: string;
}

export interface BindingChange<Row extends ListedBinding> {
  kind: 'BOUND' | 'RENEWED' | 'MOVED' | 'BORROWED' | 'EXPIRED' | 'CLEARED' | 'PINNED' | 'UNPINNED';
  affinity: Row;
}

export interface ChangedList<Row> {
  rows: readonly Row[];
  /** How the total changed; null when only the API can tell, and the list must be fetched again. */
  totalChange: -1 | 0 | 1 | null;
}

/**
 * Known rows are replaced where they stand, so that nothing jumps under the pointer; new ones go on top. While a
 * search narrows the list, only the API knows whether a new row matches.
 */
export function applyBindingChange<Row extends ListedBinding>(
  rows: readonly Row[],
  change: BindingChange<Row>,
  options: { isSearching: boolean },
): ChangedList<Row> {
  const { kind, affinity } = change;
  const isKnown = rows.some((row) => row.id === affinity.id);
  if (kind === 'EXPIRED' || kind === 'CLEARED') {
    return isKnown
      ? { rows: rows.filter((row) => row.id !== affinity.id), totalChange: -1 }
      : { rows, totalChange: options.isSearching ? null : -1 };
  }
  if (isKnown) return { rows: rows.map((row) => (row.id === affinity.id ? affinity : row)), totalChange: 0 };
  if (options.isSearching) return { rows, totalChange: null };
  // A renewed row that is not on the screen sits on a page further down: it was counted when it was bound.
  return { rows: [affinity, ...rows], totalChange: kind === 'BOUND' ? 1 : 0 };
}
