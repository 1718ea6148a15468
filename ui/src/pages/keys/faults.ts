// What is wrong with a field of the form, in words.

import { i18n, t } from '../../lib/i18n.svelte.ts';
import { type InputError, faultText as toldFault } from '../../parts/problem-text.ts';
import {
  type FaultCode,
  type Faults,
  fieldOfError,
  KEY_FIELDS,
  type KeyField,
  MAXIMA,
  NUMBER_FIELDS,
} from './key-form.ts';

/** By field, in the reader's language, or in the API's words. */
export type FaultTexts = Partial<Record<KeyField, string>>;

export function faultTexts(faults: Faults): FaultTexts {
  const texts: FaultTexts = {};
  for (const field of KEY_FIELDS) {
    const code = faults[field];
    if (code) texts[field] = faultText(code, field);
  }
  return texts;
}

/** Of errors of the API: those about a field of the form, and the others. */
export function placeErrors<Failed extends InputError>(
  errors: readonly Failed[],
): { texts: FaultTexts; others: Failed[] } {
  const texts: FaultTexts = {};
  const others: Failed[] = [];
  for (const error of errors) {
    const field = fieldOfError(error.path);
    if (field) texts[field] ??= error.code === 'name-taken' ? t('keys.fault.taken') : toldFault(error);
    else others.push(error);
  }
  return { texts, others };
}

function faultText(code: FaultCode, field: KeyField): string {
  if (code !== 'whole' && code !== 'money') return t(`keys.fault.${code}`);
  const number = NUMBER_FIELDS.find((name) => name === field);
  return t(`keys.fault.${code}`, { max: i18n.format.count(number ? MAXIMA[number] : null) });
}
