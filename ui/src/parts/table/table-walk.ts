// Tables under one another that are walked as one: behind the last row of one comes the first of the next.

import type { RowStep } from './columns.ts';

export interface WalkedTable {
  element: HTMLElement;
  /** Takes the walk over, at its first row when it comes from above. */
  enter: (step: RowStep, isInDrawer: boolean) => void;
}

export class TableWalk {
  readonly #tables = new Set<WalkedTable>();

  /** Returns how to leave it. */
  join(table: WalkedTable): () => void {
    this.#tables.add(table);
    return () => this.#tables.delete(table);
  }

  /** Goes on beyond the end of a table; false = there is no table that way. */
  goOn(from: HTMLElement, step: RowStep, isInDrawer: boolean): boolean {
    if (step !== 'next' && step !== 'previous') return false;
    const inOrder = [...this.#tables].toSorted((one, other) => orderOf(one.element, other.element));
    const at = inOrder.findIndex(({ element }) => element === from);
    const next = inOrder[at + (step === 'next' ? 1 : -1)];
    if (at < 0 || !next) return false;
    next.enter(step, isInDrawer);
    return true;
  }
}

function orderOf(one: Node, other: Node): number {
  return one.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1;
}
