// The grid that head and rows of the Affinities table share.

export const COLUMNS =
  'grid items-center gap-3 px-4 grid-cols-[minmax(5rem,1fr)_minmax(6rem,1.1fr)_minmax(5rem,1fr)_minmax(7rem,1.4fr)_minmax(6rem,1.2fr)_5rem_4.5rem_5rem_5rem_4.25rem]';
