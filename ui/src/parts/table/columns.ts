// What a table's columns are, which of them are shown in which order, and how rows are walked by keyboard. Pure.

import type { Snippet } from 'svelte';

export interface Column<Row> {
  /** Names the column in what is stored; never shown. */
  key: string;
  label: string;
  /** A grid track: `4rem`, `minmax(6rem,1.5fr)`. Its smallest width in rem decides when the table scrolls sideways. */
  width: string;
  align?: 'right';
  /** Says more about the column; shown over its head. */
  hint?: string;
  /** What `onOrder` is called with when the head is clicked; the column then has sorted all rows. */
  order?: string;
  /** The opposite order, for a second click. */
  reverse?: string;
  /** Which way `order` runs: figures fall by themselves, texts rise. */
  direction?: SortDirection;
  /** At first; the person may show it. */
  isHidden?: boolean;
  /** Cannot be hidden. */
  isFixed?: boolean;
  /** Left out where the columns do not fit, as long as the person has made no choice; the last such column goes first. */
  isExtra?: boolean;
  /** What its copy button copies; null = nothing to copy. */
  copy?: (row: Row) => string | null;
  cell: Snippet<[Row]>;
}

export type SortDirection = 'ascending' | 'descending';

/** The person's choice of columns: every key in its order, and which of them are hidden. */
export interface Layout {
  order: readonly string[];
  hidden: readonly string[];
}

/** What of a column decides about the layout. */
export type ColumnPlace = Pick<Column<never>, 'key' | 'width' | 'isHidden' | 'isFixed' | 'isExtra'>;

/** Of a stored layout, which may be of another version of the panel: far more keys than a table has are not ours. */
const MAX_STORED_KEYS = 200;

/** The layout without any choice. */
export function firstLayout(columns: readonly ColumnPlace[]): Layout {
  return {
    order: columns.map(({ key }) => key),
    hidden: columns.filter(({ isHidden, isFixed }) => isHidden && !isFixed).map(({ key }) => key),
  };
}

/**
 * The layout out of what was stored. Columns that are no more are dropped; those that are new since stand behind the
 * column they follow in `columns`, shown or hidden as at first.
 */
export function layoutOf(stored: unknown, columns: readonly ColumnPlace[]): Layout {
  const first = firstLayout(columns);
  const known = keysIn(stored, 'order')?.filter((key) => first.order.includes(key));
  const hidden = keysIn(stored, 'hidden');
  if (!known || !hidden) return first;
  const order = [...new Set(known)];
  const added = first.order.filter((key) => !order.includes(key));
  for (const key of added) order.splice(placeFor(key, order, first.order), 0, key);
  const isHidden = ({ key, isFixed }: ColumnPlace) =>
    !isFixed && (added.includes(key) ? first.hidden.includes(key) : hidden.includes(key));
  return { order, hidden: columns.filter(isHidden).map(({ key }) => key) };
}

function placeFor(key: string, order: readonly string[], first: readonly string[]): number {
  const before = first[first.indexOf(key) - 1];
  return before === undefined ? 0 : order.indexOf(before) + 1;
}

function keysIn(stored: unknown, name: 'order' | 'hidden'): string[] | null {
  if (typeof stored !== 'object' || stored === null || !(name in stored)) return null;
  const keys: unknown = Reflect.get(stored, name);
  if (!Array.isArray(keys) || keys.length > MAX_STORED_KEYS) return null;
  return keys.filter((key) => typeof key === 'string');
}

/** All columns in the order of the layout. */
export function orderedColumns<Item extends { key: string }>(
  columns: readonly Item[],
  { order }: Layout,
): Item[] {
  const byKey = new Map(columns.map((column) => [column.key, column]));
  return order.flatMap((key) => byKey.get(key) ?? []);
}

/** The columns that are shown, in their order. */
export function shownColumns<Item extends { key: string }>(columns: readonly Item[], layout: Layout): Item[] {
  return orderedColumns(columns, layout).filter(({ key }) => !layout.hidden.includes(key));
}

/** Shows the column, or hides it. */
export function withVisible(layout: Layout, key: string, isVisible: boolean): Layout {
  const others = layout.hidden.filter((other) => other !== key);
  return { ...layout, hidden: isVisible ? others : [...others, key] };
}

/** Moves a column one place to the left (-1) or right (1). */
export function withMoved(layout: Layout, key: string, step: -1 | 1): Layout {
  const from = layout.order.indexOf(key);
  const to = from + step;
  if (from < 0 || to < 0 || to >= layout.order.length) return layout;
  const order = layout.order.filter((other) => other !== key);
  order.splice(to, 0, key);
  return { ...layout, order };
}

/** Tracks of the grid that head and rows share; `hasOpener` adds the one of the mark that a row can be opened. */
export function tracksOf(columns: readonly { width: string }[], hasOpener: boolean): string {
  return [...columns.map(({ width }) => width), ...(hasOpener ? [`${OPENER_REM}rem`] : [])].join(' ');
}

const OPENER_REM = 1.5;
const GAP_REM = 0.75;
const PADDING_REM = 2;
/** Of a track that states no width in rem. */
const ASSUMED_REM = 5;

/** The width below which the columns do not fit, in rem: gaps and the row's own padding included. */
export function leastWidthRem(columns: readonly { width: string }[], hasOpener: boolean): number {
  const tracks = columns.map(({ width }) => Number(/([\d.]+)rem/.exec(width)?.[1] ?? ASSUMED_REM));
  if (hasOpener) tracks.push(OPENER_REM);
  const gaps = Math.max(0, tracks.length - 1) * GAP_REM;
  return tracks.reduce((sum, rem) => sum + rem, gaps + PADDING_REM);
}

/** The layout without those extra columns for which there is no room. */
export function fittingLayout(
  columns: readonly ColumnPlace[],
  layout: Layout,
  { widthRem, hasOpener }: { widthRem: number; hasOpener: boolean },
): Layout {
  const shown = shownColumns(columns, layout);
  const last = shown.findLast(({ isExtra, isFixed }) => isExtra && !isFixed);
  if (!last || leastWidthRem(shown, hasOpener) <= widthRem) return layout;
  return fittingLayout(columns, withVisible(layout, last.key, false), { widthRem, hasOpener });
}

type Sortable = Pick<Column<never>, 'order' | 'reverse' | 'direction' | 'align'>;

/** For `aria-sort`; null for columns that do not sort. */
export function sortOf(column: Sortable, order: string | null): SortDirection | 'none' | null {
  if (column.order === undefined) return null;
  const first = column.direction ?? (column.align === 'right' ? 'descending' : 'ascending');
  if (order === column.order) return first;
  if (order === null || order !== column.reverse) return 'none';
  return first === 'ascending' ? 'descending' : 'ascending';
}

/** The order that a click on the head asks for. */
export function nextOrder(column: Sortable, order: string | null): string | null {
  return (order === column.order ? column.reverse : undefined) ?? column.order ?? null;
}

export type RowStep = 'next' | 'previous' | 'first' | 'last';

const STEPS: Readonly<Record<string, RowStep>> = {
  j: 'next',
  ArrowDown: 'next',
  k: 'previous',
  ArrowUp: 'previous',
  Home: 'first',
  End: 'last',
};

interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** What a key asks of the rows; null when nothing. Letters count anywhere on the page, the others inside the table only. */
export function stepOf(press: KeyPress): { step: RowStep; isLetter: boolean } | null {
  if (press.ctrlKey || press.metaKey || press.altKey || press.shiftKey) return null;
  const step = Object.hasOwn(STEPS, press.key) ? STEPS[press.key] : undefined;
  return step === undefined ? null : { step, isLetter: press.key.length === 1 };
}

/** The row a step leads to; `index` is -1 when none is focused, and `visible` the first one in sight. */
export function rowAfter(step: RowStep, index: number, { count, visible }: RowsInSight): number {
  if (count === 0) return -1;
  if (step === 'first') return 0;
  if (step === 'last') return count - 1;
  if (index < 0) return Math.min(visible, count - 1);
  return Math.min(count - 1, Math.max(0, index + (step === 'next' ? 1 : -1)));
}

export interface RowsInSight {
  count: number;
  visible: number;
}
