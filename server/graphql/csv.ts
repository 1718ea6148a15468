// Lines of CSV as RFC 4180 has them, that a spreadsheet takes for data and never for formulas. Pure.

import type { Cell } from './export-columns.ts';

/** Spreadsheets run a cell that begins so; some in full width too, and some after taking blanks away. */
const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r\n]/;

export function csvLine(cells: readonly Cell[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/** Null is empty. A text that looks like a formula begins with an apostrophe; numbers are written as they are. */
function csvCell(cell: Cell): string {
  if (cell === null) return '';
  if (typeof cell === 'number') return decimal(cell);
  if (typeof cell === 'boolean') return String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Without an exponent, which not every reader understands. */
function decimal(value: number): string {
  const text = String(value);
  return text.includes('e') && Math.abs(value) < 1 ? value.toFixed(12).replace(/\.?0+$/, '') : text;
}
