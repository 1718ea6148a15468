// What runs inside the Requests screen to tell where in the list one is, and to move about in it.

export function offsetOfTable(): number {
  return document.querySelector('[data-table="requests"]')?.scrollTop ?? 0;
}

/** When the rows began that are in sight, from above. */
export function visibleTimes(): string[] {
  const table = document.querySelector('[data-table="requests"]');
  const box = table?.getBoundingClientRect();
  const rows = [...(table?.querySelectorAll('[data-row]') ?? [])].map((row) => ({
    topPx: row.getBoundingClientRect().top,
    time: row.querySelector('time')?.getAttribute('datetime') ?? '',
  }));
  return rows
    .filter(({ topPx }) => box && topPx >= box.top && topPx < box.bottom)
    .toSorted((one, other) => one.topPx - other.topPx)
    .map(({ time }) => time);
}

/**
 * Scrolls so near to the top that newer rows are asked for, focuses a row in sight, and tells where it is: before any
 * answer can have come.
 */
export async function nearTop(): Promise<{ key: string; topPx: number; rowsAbove: number }> {
  const table = document.querySelector('[data-table="requests"]');
  if (!table) return { key: '', topPx: 0, rowsAbove: 0 };
  const { fetch: ask } = window;
  let answer: () => void = () => undefined;
  const isTold = new Promise<void>((resolve) => {
    answer = resolve;
  });
  // No answer comes until the place is known.
  window.fetch = async (...request) => {
    await isTold;
    return ask(...request);
  };
  table.scrollTop = 2000;
  for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
  const edgePx = table.getBoundingClientRect().top;
  const row = [...table.querySelectorAll<HTMLElement>('[data-row]')].find(
    (one) => one.getBoundingClientRect().top > edgePx + 80,
  );
  row?.focus({ preventScroll: true });
  const place = {
    key: row?.dataset.row ?? '',
    topPx: Math.round((row?.getBoundingClientRect().top ?? 0) - edgePx),
    rowsAbove: Math.floor(table.scrollTop / 40),
  };
  window.fetch = ask;
  answer();
  return place;
}

export function focusedRowKey(): string | null {
  return document.activeElement?.getAttribute('data-row') ?? null;
}

export function placeOfRow(key: string): number | null {
  const table = document.querySelector('[data-table="requests"]');
  const row = table?.querySelector(`[data-row="${CSS.escape(key)}"]`);
  return row && table
    ? Math.round(row.getBoundingClientRect().top - table.getBoundingClientRect().top)
    : null;
}

export function hasRowsAbove(rows: number): boolean {
  return (document.querySelector('[data-table="requests"]')?.scrollTop ?? 0) > rows * 40;
}

/** Scrolls to the top; true once nothing newer is left to come above it. */
export function climb(): boolean {
  const table = document.querySelector('[data-table="requests"]');
  if (table) table.scrollTop = 0;
  return !new URLSearchParams(location.search).has('at');
}
