// The grid that head and rows of the Requests table share.

export const COLUMNS =
  'grid items-center gap-3 px-4 grid-cols-[4.25rem_2.75rem_minmax(7rem,1.5fr)_minmax(5rem,1fr)_minmax(5rem,1fr)_5.5rem_7rem_3.5rem_4rem_4rem_4.25rem_4.25rem]';
