// What runs inside the Requests screen to fill its list with very many rows and to watch how it scrolls them.

/** Runs in the page: each page of the list has twenty thousand rows, until there are more than a hundred thousand. */
export function multiplyRows(rows: number): void {
  const ask = window.fetch;
  let made = 0;
  window.fetch = async (...request) => {
    const response = await ask(...request);
    const text = response.headers.get('content-type')?.includes('json') ? await response.clone().text() : '';
    if (!text.includes('"requestLogs"') || !text.includes('"nodes"')) return response;
    const answer = JSON.parse(text);
    const log = answer.data.requestLogs;
    const [first] = log.nodes;
    log.nodes = Array.from({ length: 20_000 }, () => {
      made += 1;
      return {
        ...first,
        id: `made-${made}`,
        startedAt: new Date(1_767_225_600_000 - made * 1000).toISOString(),
      };
    });
    log.pageInfo.hasNextPage = made < 2 * rows;
    return new Response(JSON.stringify(answer), response);
  };
}

export function scrollToEnd(rows: number): boolean {
  const table = document.querySelector('[data-table="requests"]');
  if (!table) return false;
  table.scrollTop = table.scrollHeight;
  return table.scrollHeight > rows * 40;
}

/** Runs in the page: counts how often an array longer than that is gone through or copied. */
export function watchLongWalks(longest: number): void {
  let walks = 0;
  Object.defineProperty(window, 'longWalks', { get: () => walks });
  const names = [
    'concat',
    'every',
    'filter',
    'find',
    'findIndex',
    'forEach',
    'map',
    'reduce',
    'slice',
    'some',
  ];
  for (const name of [...names, 'sort', 'toSorted', 'toSpliced', Symbol.iterator]) {
    const walk = Reflect.get(Array.prototype, name);
    Object.defineProperty(Array.prototype, name, {
      configurable: true,
      writable: true,
      value(this: unknown[], ...given: unknown[]) {
        if (this.length > longest) walks += 1;
        return Reflect.apply(walk, this, given);
      },
    });
  }
}

export interface ScrollWork {
  /** In the document, at most at a time. */
  drawnRows: number;
  /** Elements that were made on the way. */
  madeRows: number;
  /** Different rows that were seen on the way. */
  shownRows: number;
}

/** Runs in the page: scrolls from the end to the top in equal leaps. */
export async function scrollThrough(leaps: number): Promise<ScrollWork> {
  const table = document.querySelector('[data-table="requests"]');
  const drawn = () => [...(table?.querySelectorAll('[data-row]') ?? [])];
  const known = new Set<Element>(drawn());
  const atFirst = known.size;
  const shown = new Set<string | null>();
  let drawnRows = 0;
  for (let leap = leaps; table && leap >= 0; leap -= 1) {
    table.scrollTop = (table.scrollHeight * leap) / leaps;
    await new Promise(requestAnimationFrame);
    await new Promise(requestAnimationFrame);
    const rows = drawn();
    drawnRows = Math.max(drawnRows, rows.length);
    for (const row of rows) {
      known.add(row);
      shown.add(row.getAttribute('data-row'));
    }
  }
  return { drawnRows, madeRows: known.size - atFirst, shownRows: shown.size };
}

export function isInOrder(): boolean {
  const rows = [...document.querySelectorAll('[data-table="requests"] [data-row]')];
  const indexes = rows.map((row) => Number(row.getAttribute('aria-rowindex')));
  return indexes.length > 0 && indexes.every((index, at) => at === 0 || index === (indexes[at - 1] ?? 0) + 1);
}
