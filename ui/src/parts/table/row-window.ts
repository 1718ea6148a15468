// Which rows of a long list are drawn, and in which elements, when all rows are equally high. Pure.

/** First and last row that are drawn; `last` is less than `first` when there are none. */
export interface RowRange {
  first: number;
  last: number;
}

/** A row and the element it is drawn in; the element's number stays the same when another row takes it over. */
export interface Place<Row> {
  readonly element: number;
  readonly index: number;
  readonly key: string;
  readonly row: Row;
}

interface View {
  offsetPx: number;
  viewPx: number;
  rowPx: number;
  count: number;
}

/** Drawn beyond the view, above and below: what a scroll brings in until the next frame. */
const EXTRA_ROWS = 5;

export function rowRange({ offsetPx, viewPx, rowPx, count }: View): RowRange {
  if (viewPx <= 0 || count === 0) return { first: 0, last: -1 };
  const last = Math.min(count - 1, Math.ceil((offsetPx + viewPx) / rowPx) - 1 + EXTRA_ROWS);
  // Rows that have become fewer may all lie above the view, until the browser has scrolled back.
  const first = Math.min(last, Math.floor(offsetPx / rowPx) - EXTRA_ROWS);
  return { first: Math.max(0, first), last };
}

interface PlacedRows<Row> {
  rows: readonly Row[];
  range: RowRange;
  getKey: (row: Row) => string;
  /** Rows that come take over the elements of rows that leave: quick, but the document then has them in any order. */
  isReusing: boolean;
}

/**
 * Where the rows of the range are drawn, in the order of the document. A row that stays keeps its element; its place
 * is the very object it was when nothing of it has changed. No other row is looked at, however many there are.
 */
export function placeRows<Row>(
  before: readonly Place<Row>[],
  wanted: PlacedRows<Row>,
): readonly Place<Row>[] {
  const coming = rowsOf(wanted);
  const kept = before.map((place) => {
    const now = coming.get(place.key);
    if (!now) return null;
    coming.delete(place.key);
    return now.row === place.row && now.index === place.index ? place : { ...now, element: place.element };
  });
  const isSame = coming.size === 0 && kept.every((place, at) => place !== null && place === before[at]);
  if (isSame && (wanted.isReusing || isInOrder(before))) return before;
  const taken = wanted.isReusing ? takenOver(before, kept, coming) : kept.filter((place) => place !== null);
  const unused = 1 + before.reduce((most, { element }) => Math.max(most, element), -1);
  const made = [...coming.values()].map((row, at) => ({ ...row, element: unused + at }));
  const places = [...taken, ...made];
  return wanted.isReusing ? places : places.sort((one, other) => one.index - other.index);
}

type UnplacedRow<Row> = Omit<Place<Row>, 'element'>;

function rowsOf<Row>({ rows, range, getKey }: PlacedRows<Row>): Map<string, UnplacedRow<Row>> {
  const found = new Map<string, UnplacedRow<Row>>();
  for (let index = range.first; index <= range.last; index += 1) {
    const row = rows[index];
    if (row === undefined) break;
    const key = getKey(row);
    found.set(key, { index, key, row });
  }
  return found;
}

/** What is taken over is no longer coming. */
function takenOver<Row>(
  before: readonly Place<Row>[],
  kept: readonly (Place<Row> | null)[],
  coming: Map<string, UnplacedRow<Row>>,
): Place<Row>[] {
  return before.flatMap(({ element }, at) => {
    const stays = kept[at];
    if (stays) return [stays];
    const [next] = coming.values();
    if (!next) return [];
    coming.delete(next.key);
    return [{ ...next, element }];
  });
}

function isInOrder(places: readonly Place<unknown>[]): boolean {
  return places.every(({ index }, at) => at === 0 || index > (places[at - 1]?.index ?? -1));
}
