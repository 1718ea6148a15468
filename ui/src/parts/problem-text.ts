// What is wrong with what was asked for or entered, in the reader's language; in the API's words where it has no name for it.

import { i18n, t, tOr } from '../lib/i18n.svelte.ts';

/** Of an error of the API. */
export interface Fault {
  problem: string | null;
  min: number | null;
  max: number | null;
  /** The name, place or options that the problem speaks of. */
  detail?: string | null;
}

/** An error of the API, with all that is asked for to word it. */
export interface InputError extends Fault {
  code: string;
  message: string;
  /** Of the input; null = of none of its fields. */
  path: readonly string[] | null;
}

/** As it stands at the field that it is about. */
export function faultText(error: Fault & Pick<InputError, 'message'> & { code?: string }): string {
  return ownText(error) ?? error.message;
}

/** The same where the field does not stand beside it: with the field's name. Null for what has no words. */
export function namedFaultText(error: Fault & Pick<InputError, 'path'> & { code: string }): string | null {
  const what = ownText(error);
  const field = what === null ? null : fieldName(error.path);
  return what === null || field === null ? what : t('error.atField', { field, what });
}

/** A problem says more than the code that it belongs to. Null for what has no words. */
function ownText(error: Fault & { code?: string }): string | null {
  return problemText(error) ?? (tOr(`error.code.${error.code}`, '') || null);
}

/** Null for what has no words. */
export function problemText({ problem, min, max, detail = null }: Fault): string | null {
  if (problem === null) return null;
  const values = { min: bound(min), max: bound(max), detail: detail ?? '' };
  const named = detail === null ? '' : tOr(`error.problem.${problem}.named`, '', values);
  return named || tOr(`error.problem.${problem}`, '', values) || null;
}

/** Null for an argument that is no field of a form, such as the id of what is changed. */
function fieldName(path: readonly string[] | null): string | null {
  // An entry of a list belongs to the list.
  const field = path?.findLast((step) => !/^\d+$/.test(step));
  if (field === undefined) return null;
  return tOr(`error.field.${field}`, path?.[0] === 'input' ? field : '') || null;
}

/** Never rounded: it is what may be entered. */
function bound(value: number | null): string {
  return value === null || Number.isInteger(value) ? i18n.format.count(value) : String(value);
}
