// What values an administrator may enter: valibot pieces, and the step from their issues to user errors.

import * as v from 'valibot';
import { normalizedRange } from '../gateway/client-address.ts';
import { FLAG, faultOf, type InputFault, LIST, words } from '../gateway/input-faults.ts';
import { ExpectedFailure } from './user-error.ts';

const MAX_NAME_CHARACTERS = 200;
const MAX_CREDENTIAL_CHARACTERS = 10_000;
const MAX_ALIASES = 100;
const MAX_RANGES = 1_000;
/** Names end up in log lines and reply headers, where a line break would forge another line. */
const CONTROL_CHARACTER = /\p{Cc}/u;

/** Words for more than `max` characters, or entries of a list. */
export function tooLong(max: number, of: 'characters' | 'entries'): string {
  return words(`must have at most ${max} ${of}`, {
    problem: of === 'entries' ? 'too-many' : 'too-long',
    max,
  });
}

const EMPTY = words('must not be empty', { problem: 'required' });
const CONTROL = words('must not contain control characters', { problem: 'control-characters' });
const PRINTABLE = words('must consist of printable ASCII characters without spaces', {
  problem: 'not-printable',
});
const EMAIL = words('must be an e-mail address', { problem: 'not-an-email' });
export const WEB_URL = words('must be an http or https URL without a password', { problem: 'not-a-url' });

/** Trimmed, 1 to 200 characters, no control characters. */
export const nameField = v.pipe(
  v.string('must be a text'),
  v.trim(),
  v.nonEmpty(EMPTY),
  v.maxLength(MAX_NAME_CHARACTERS, tooLong(MAX_NAME_CHARACTERS, 'characters')),
  v.check((text) => !CONTROL_CHARACTER.test(text), CONTROL),
);

export const optionalName = v.nullable(nameField);

export const emailField = v.nullable(v.pipe(nameField, v.email(EMAIL)));

export const switchField = v.boolean(FLAG);

/** A secret that goes out in a header, so: printable ASCII without spaces. */
export const credentialField = v.pipe(
  v.string('must be a text'),
  v.trim(),
  v.nonEmpty(EMPTY),
  v.maxLength(MAX_CREDENTIAL_CHARACTERS, tooLong(MAX_CREDENTIAL_CHARACTERS, 'characters')),
  v.regex(/^[\x21-\x7e]+$/, PRINTABLE),
);

export const aliasesField = v.pipe(
  v.array(nameField, LIST),
  v.maxLength(MAX_ALIASES, tooLong(MAX_ALIASES, 'entries')),
  v.transform((names) => [...new Set(names)]),
);

const IP_RANGE = words('must consist of addresses and ranges such as 10.0.0.0/8 or 2001:db8::/32', {
  problem: 'not-an-address-range',
});

/** Addresses and CIDR ranges in their usual form, each once. */
export const ipRangesField = v.pipe(
  v.array(v.pipe(v.string(IP_RANGE), v.transform(normalizedRange), v.string(IP_RANGE)), LIST),
  v.maxLength(MAX_RANGES, tooLong(MAX_RANGES, 'entries')),
  v.transform((ranges) => [...new Set(ranges)]),
);

export function wholeNumber(min: number, max: number) {
  const message = words(`must be a whole number from ${min} to ${max}`, {
    problem: 'not-a-whole-number',
    min,
    max,
  });
  return v.pipe(v.number(message), v.integer(message), v.minValue(min, message), v.maxValue(max, message));
}

export function decimal(min: number, max: number) {
  const message = words(`must be a number from ${min} to ${max}`, { problem: 'not-a-number', min, max });
  return v.pipe(v.number(message), v.finite(message), v.minValue(min, message), v.maxValue(max, message));
}

export function aboveZero(max: number) {
  const message = words(`must be a number above 0, up to ${max}`, { problem: 'not-above-zero', max });
  return v.pipe(v.number(message), v.finite(message), v.gtValue(0, message), v.maxValue(max, message));
}

const MISSING: InputFault = { problem: 'required' };

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
      const fault = faultOf(issue.message) ?? (issue.input === null ? MISSING : null);
      return { code: 'invalid-value', message, path: ['input', ...path], retryAfterSeconds: null, ...fault };
    }),
  );
}
