// What a stream told of rows while a list of them was on its way: it is newer than what the list says of them. Pure apart
// from its own state.

/** Holds each row once. */
export class Meanwhile<Row extends { id: string }> {
  #told = new Map<string, Row>();

  /** A list is being asked for: what was told before is in it. */
  begin(): void {
    this.#told.clear();
  }

  tell(row: Row): void {
    this.#told.set(row.id, row);
  }

  /** The row of the list, or what was told of it since. */
  latest = (row: Row): Row => this.#told.get(row.id) ?? row;

  /** The whole list as it is by now, with rows that are new since. */
  over(rows: readonly Row[]): Row[] {
    const byId = new Map(rows.map((row) => [row.id, row]));
    for (const [id, row] of this.#told) byId.set(id, row);
    return [...byId.values()];
  }
}
