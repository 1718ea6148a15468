// The request-log filter in memory, for rows that pass by live. Pure; means the same as the filter in SQL.

import {
  EQUAL_FILTER_FIELDS,
  LEAST_FILTER_FIELDS,
  type RequestFilter,
  type RequestRow,
  SEARCHED_ROW_FIELDS,
} from '../gateway/ports.ts';

const FLAGS = ['isStreamed', 'isKeepWarm'] as const satisfies readonly (keyof RequestFilter &
  keyof RequestRow)[];
const LEAST_FIELDS = Object.keys(LEAST_FILTER_FIELDS) as (keyof typeof LEAST_FILTER_FIELDS)[];

/** Whether the row would be on a page with this filter. */
export function matchesFilter(row: RequestRow, filter: RequestFilter): boolean {
  return matchesFields(row, filter) && matchesRanges(row, filter) && matchesTexts(row, filter);
}

function matchesFields(row: RequestRow, filter: RequestFilter): boolean {
  return [...EQUAL_FILTER_FIELDS, ...FLAGS].every(
    (field) => filter[field] === undefined || filter[field] === row[field],
  );
}

function matchesRanges(row: RequestRow, filter: RequestFilter): boolean {
  const { fromMs, toMs, minStatus, maxStatus } = filter;
  if (fromMs !== undefined && row.startedAtMs < fromMs) return false;
  if (toMs !== undefined && row.startedAtMs >= toMs) return false;
  if (minStatus !== undefined && row.status < minStatus) return false;
  if (maxStatus !== undefined && row.status > maxStatus) return false;
  return LEAST_FIELDS.every((field) => {
    const least = filter[field];
    const value = row[LEAST_FILTER_FIELDS[field]];
    return least === undefined || (value !== null && value >= least);
  });
}

function matchesTexts(row: RequestRow, { apiKeyName, requestedModel, search }: RequestFilter): boolean {
  return (
    containsAny([row.apiKeyName], apiKeyName) &&
    containsAny([row.requestedModel], requestedModel) &&
    containsAny(
      SEARCHED_ROW_FIELDS.map((field) => row[field]),
      search,
    )
  );
}

/** An absent or empty part does not filter. */
function containsAny(texts: readonly (string | null)[], part: string | undefined): boolean {
  if (part === undefined || part === '') return true;
  const wanted = foldAscii(part);
  return texts.some((text) => text !== null && foldAscii(text).includes(wanted));
}

/** SQLite's lower() folds A to Z only; folding more here would show rows live that a reload then hides. */
function foldAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
