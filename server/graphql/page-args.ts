// The arguments of every connection.

import type { builder } from './builder.ts';
import { DEFAULT_PAGE_ROWS } from './page.ts';

type ArgBuilder = Pick<Parameters<Parameters<typeof builder.queryField>[1]>[0], 'arg'>;

export function pageArgs(t: ArgBuilder) {
  return {
    first: t.arg.int({ defaultValue: DEFAULT_PAGE_ROWS, description: 'Rows on the page, 1 to 200.' }),
    after: t.arg.string({ description: 'The `endCursor` of the page before.' }),
  };
}
