// The grid that head and rows of an accounts table share.

export const COLUMNS =
  'grid items-center gap-4 px-4 grid-cols-[minmax(9rem,1.2fr)_minmax(10rem,1.6fr)_8rem_4.5rem_4.5rem_4rem_4rem_2.25rem]';
