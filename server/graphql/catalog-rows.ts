// Small questions about catalogue rows that several concepts ask.

/** Rows are handed to the Relay plugin as copies: it marks what it loads, and snapshots are not ours to mark. */
export function copyOf<Row extends object>(row: Row | undefined): Row | null {
  return row ? { ...row } : null;
}

export function ofProvider<Row extends { providerId: string }>(
  rows: readonly Row[],
  providerId: string,
): Row[] {
  return rows.filter((row) => row.providerId === providerId);
}

/** Names are unique whatever their case, so that people can tell them apart. */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Whether any of the texts contains `search`, whatever the case. An empty search finds everything. */
export function contains(texts: readonly (string | null | undefined)[], search: string): boolean {
  const part = search.trim().toLowerCase();
  return part === '' || texts.some((text) => text?.toLowerCase().includes(part));
}

/** The row with what an update gives; values the update leaves alone are not checked again. */
export function changed<Row extends object>(
  row: Row,
  changes: { [Key in keyof Row]?: Row[Key] | undefined },
): Row {
  return { ...row, ...changes };
}

/** The row that a foreign key promises. */
export function mustFind<Row>(row: Row | undefined, what: string): Row {
  if (row === undefined) throw new Error(`Cannot find ${what}: it was deleted while the answer was made`);
  return row;
}
