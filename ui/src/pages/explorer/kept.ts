// What the explorer keeps in the browser: the text being written, for this tab, and what was there before.

export interface Written {
  query: string;
  variables: string;
}

export interface Draft extends Written {
  /** Of the address that it was written at. */
  search: string;
}

const DRAFT_KEY = 'warmpath.explorer.draft';
const PAST_KEY = 'warmpath.explorer.past';
const MOST_PAST = 20;
/** Storage has room for about five million. */
const MOST_CHARACTERS = 50_000;
/** Longer addresses are refused by some servers on the way. */
const MOST_ADDRESS_CHARACTERS = 4000;

/** Mutations may carry secrets: neither addresses nor the history have them, also while braces are missing before them. */
function isShareable({ query }: Written): boolean {
  return !/\bmutation\b/.test(query);
}

export function fitsAddress(written: Written): boolean {
  return (
    isShareable(written) &&
    encodeURIComponent(written.query + written.variables).length <= MOST_ADDRESS_CHARACTERS
  );
}

/** The history, newest first, each once. */
export function withRun(past: readonly Written[], written: Written): Written[] {
  if (!isShareable(written) || written.query.length + written.variables.length > MOST_CHARACTERS)
    return [...past];
  const { query, variables } = written;
  const others = past.filter((one) => one.query !== query || one.variables !== variables);
  return [{ query, variables }, ...others].slice(0, MOST_PAST);
}

export function readDraft(): Draft | null {
  const value = read('sessionStorage', DRAFT_KEY);
  return isWritten(value) && 'search' in value && typeof value.search === 'string'
    ? { query: value.query, variables: value.variables, search: value.search }
    : null;
}

export function keepDraft(draft: Draft): void {
  if (draft.query.length + draft.variables.length <= MOST_CHARACTERS)
    write('sessionStorage', DRAFT_KEY, draft);
}

export function readPast(): Written[] {
  const value = read('localStorage', PAST_KEY);
  return Array.isArray(value) ? value.filter(isWritten).slice(0, MOST_PAST) : [];
}

export function keepPast(past: readonly Written[]): void {
  write('localStorage', PAST_KEY, past);
}

/** Named, as merely touching a storage that is blocked throws. */
type StorageName = 'sessionStorage' | 'localStorage';

function isWritten(value: unknown): value is Written {
  return (
    typeof value === 'object' &&
    value !== null &&
    'query' in value &&
    typeof value.query === 'string' &&
    'variables' in value &&
    typeof value.variables === 'string'
  );
}

function read(storage: StorageName, key: string): unknown {
  try {
    return JSON.parse(window[storage].getItem(key) ?? 'null');
  } catch {
    return null;
  }
}

function write(storage: StorageName, key: string, value: unknown): void {
  try {
    window[storage].setItem(key, JSON.stringify(value));
  } catch {
    // Storage may be blocked or full; what is written lives as long as the screen then.
  }
}
