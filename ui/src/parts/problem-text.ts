// What is wrong with a value that was entered, in the reader's language; in the API's words where it has no name for it.

import { i18n, t, tOr } from '../lib/i18n.svelte.ts';

/** Of an error of the API. */
export interface Fault {
  problem: string | null;
  min: number | null;
  max: number | null;
}

/** An error of the API about what was entered, with all that is asked for to word it. */
export interface InputError extends Fault {
  code: string;
  message: string;
  /** Of the input; null = of none of its fields. */
  path: readonly string[] | null;
}

/** As it stands at the field that it is about. */
export function faultText(fault: Fault & Pick<InputError, 'message'>): string {
  return problemText(fault) ?? fault.message;
}

/** Null for what has no words. */
function problemText({ problem, min, max }: Fault): string | null {
  if (problem === null) return null;
  return tOr(`error.problem.${problem}`, '', { min: bound(min), max: bound(max) }) || null;
}

/** The same where the field does not stand beside it: with the field's name. */
export function namedProblemText(fault: Fault & Pick<InputError, 'path'>): string | null {
  const what = problemText(fault);
  // An entry of a list belongs to the list.
  const field = fault.path?.findLast((step) => !/^\d+$/.test(step));
  if (what === null || field === undefined) return what;
  return t('error.atField', { field: tOr(`error.field.${field}`, field), what });
}

/** Never rounded: it is what may be entered. */
function bound(value: number | null): string {
  return value === null || Number.isInteger(value) ? i18n.format.count(value) : String(value);
}
