// A stored setting as words, for telling what was changed.

import { i18n, t, tOr } from '../../lib/i18n.svelte.ts';
import { entryOf, type Value } from './draft.ts';
import { controlOf, type FieldPath } from './fields.ts';
import { unitText } from './units.ts';

const MAX_CHARACTERS = 200;

export function valueText(path: FieldPath, value: Value): string {
  const control = controlOf(path);
  switch (control.kind) {
    case 'switch':
      return value === true ? t('settings.on') : t('settings.off');
    case 'choice': {
      const name = `${path}.${String(value)}`;
      return tOr(`settings.choice.${name}`, String(value));
    }
    case 'number':
      return value === null
        ? t('settings.optional')
        : `${i18n.format.amount(Number(entryOf(path, value)))} ${unitText(control.unit)}`;
    case 'lines':
      return Array.isArray(value) && value.length > 0
        ? value.join(', ').slice(0, MAX_CHARACTERS)
        : t('settings.none');
    case 'secret':
      return value === null ? t('settings.none') : String(value);
    default:
      return control satisfies never;
  }
}
