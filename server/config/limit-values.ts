// Values of a configuration file that limit what an API key may do: addresses, moments, lists.

import * as v from 'valibot';
import { normalizedRange } from '../gateway/client-address.ts';
import { LIST, words } from '../gateway/input-faults.ts';
import { MAX_LIST_ENTRIES } from '../gateway/key-restrictions.ts';

export const TEXT = words('must be text (put it in quotes)', { problem: 'not-text' });
const RANGE = words('must be an address or a range such as 10.0.0.0/8 or 2001:db8::/32', {
  problem: 'not-an-address-range',
});
const DATE = words('must be a date like 2027-01-31 or a time like 2027-01-31T18:00:00Z', {
  problem: 'not-a-date',
});
const ENTRIES = words(`must have at most ${MAX_LIST_ENTRIES} entries`, {
  problem: 'too-many',
  max: MAX_LIST_ENTRIES,
});
const DATE_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/i;

/** An address or a CIDR range, in its usual form. */
export const ipRange = v.pipe(
  v.string(TEXT),
  v.rawTransform<string, string>(({ dataset, addIssue, NEVER }) => {
    const range = normalizedRange(dataset.value);
    if (range !== null) return range;
    addIssue({ message: RANGE });
    return NEVER;
  }),
);

/** A list that may be empty, which then means that nothing is allowed. */
export function limitedTo<Item extends v.GenericSchema>(item: Item) {
  return v.nullish(v.pipe(v.array(item, LIST), v.maxLength(MAX_LIST_ENTRIES, ENTRIES)));
}

/** A day or a moment; YAML gives out both as text. */
export const dateTime = v.pipe(
  v.string(TEXT),
  v.rawTransform<string, number>(({ dataset, addIssue, NEVER }) => {
    const text = dataset.value.trim();
    const ms = DATE_TIME.test(text) ? Date.parse(text) : Number.NaN;
    if (!Number.isNaN(ms)) return ms;
    addIssue({ message: DATE });
    return NEVER;
  }),
);
