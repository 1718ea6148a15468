// Where a table's choice of columns lasts: this browser, by the table's id.

import { type ColumnPlace, type Layout, layoutOf } from './columns.ts';

const PREFIX = 'warmpath.table.';

/** Null when no choice was made. */
export function readLayout(id: string, columns: readonly ColumnPlace[]): Layout | null {
  const found = stored(id);
  return found === null ? null : layoutOf(found, columns);
}

/** Null forgets the choice. */
export function writeLayout(id: string, layout: Layout | null): void {
  try {
    if (layout === null) localStorage.removeItem(PREFIX + id);
    else localStorage.setItem(PREFIX + id, JSON.stringify(layout));
  } catch {
    // Storage may be blocked or full; the choice then lasts until the page is left.
  }
  // Browsers tell other tabs only; the other tables of this page with the same id follow too.
  window.dispatchEvent(new StorageEvent('storage', { key: PREFIX + id }));
}

/** Whether the choice of this table may have changed, here or in another tab. */
export function isLayoutChange(event: StorageEvent, id: string): boolean {
  return event.key === PREFIX + id;
}

function stored(id: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + id) ?? 'null');
  } catch {
    return null;
  }
}
