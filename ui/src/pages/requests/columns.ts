// The grid that head and rows of the Requests table share. Where it is narrow, two columns are left out.

export const COLUMNS =
  'grid items-center gap-3 px-4 grid-cols-[4.25rem_2.75rem_minmax(5rem,1.5fr)_minmax(4rem,1fr)_minmax(4rem,1fr)_9.5rem_7rem_3.5rem_4rem_4.25rem] @[70rem]:grid-cols-[4.25rem_2.75rem_minmax(7rem,1.5fr)_minmax(5rem,1fr)_minmax(5rem,1fr)_9.5rem_7rem_3.5rem_4rem_4rem_4.25rem_4.25rem]';

export const WIDE_ONLY = 'hidden @[70rem]:block';
