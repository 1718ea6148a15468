// What values an administrator may enter: valibot pieces, and the step from their issues to user errors.

import * as v from 'valibot';
import { normalizedRange } from '../gateway/client-address.ts';
import { ExpectedFailure } from './user-error.ts';

const MAX_NAME_CHARACTERS = 200;
const MAX_CREDENTIAL_CHARACTERS = 10_000;
const MAX_ALIASES = 100;
const MAX_RANGES = 1_000;
/** Names end up in log lines and reply headers, where a line break would forge another line. */
const CONTROL_CHARACTER = /\p{Cc}/u;

/** Trimmed, 1 to 200 characters, no control characters. */
export const nameField = v.pipe(
  v.string('must be a text'),
  v.trim(),
  v.nonEmpty('must not be empty'),
  v.maxLength(MAX_NAME_CHARACTERS, `must have at most ${MAX_NAME_CHARACTERS} characters`),
  v.check((text) => !CONTROL_CHARACTER.test(text), 'must not contain control characters'),
);

export const optionalName = v.nullable(nameField);

export const emailField = v.nullable(v.pipe(nameField, v.email('must be an e-mail address')));

export const switchField = v.boolean('must be true or false');

/** A secret that goes out in a header, so: printable ASCII without spaces. */
export const credentialField = v.pipe(
  v.string('must be a text'),
  v.trim(),
  v.nonEmpty('must not be empty'),
  v.maxLength(MAX_CREDENTIAL_CHARACTERS, `must have at most ${MAX_CREDENTIAL_CHARACTERS} characters`),
  v.regex(/^[\x21-\x7e]+$/, 'must consist of printable ASCII characters without spaces'),
);

export const aliasesField = v.pipe(
  v.array(nameField, 'must be a list'),
  v.maxLength(MAX_ALIASES, `must have at most ${MAX_ALIASES} entries`),
  v.transform((names) => [...new Set(names)]),
);

const IP_RANGE = 'must consist of addresses and ranges such as 10.0.0.0/8 or 2001:db8::/32';

/** Addresses and CIDR ranges in their usual form, each once. */
export const ipRangesField = v.pipe(
  v.array(v.pipe(v.string(IP_RANGE), v.transform(normalizedRange), v.string(IP_RANGE)), 'must be a list'),
  v.maxLength(MAX_RANGES, `must have at most ${MAX_RANGES} entries`),
  v.transform((ranges) => [...new Set(ranges)]),
);

export function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
}

export function decimal(min: number, max: number) {
  const message = `must be a number from ${min} to ${max}`;
  return v.pipe(v.number(message), v.finite(message), v.minValue(min, message), v.maxValue(max, message));
}

export function aboveZero(max: number) {
  const message = `must be a number above 0, up to ${max}`;
  return v.pipe(v.number(message), v.finite(message), v.gtValue(0, message), v.maxValue(max, message));
}

/** The checked values; throws every problem at once as an ExpectedFailure with paths under `input`. */
export function checkInput<const Schema extends v.GenericSchema>(
  schema: Schema,
  values: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, values, { abortPipeEarly: true });
  if (result.success) return result.output;
  throw new ExpectedFailure(
    result.issues.map((issue) => {
      const path = (issue.path ?? []).map((item) => String(item.key));
      const message = `Cannot accept ${path.join('.')}: it ${issue.message}`;
      return { code: 'invalid-value', message, path: ['input', ...path], retryAfterSeconds: null };
    }),
  );
}
