// Units beside the numbers, in the reader's language where it has a word of its own.

import { t } from '../../lib/i18n.svelte.ts';
import type { Unit } from './fields.ts';

export function unitText(unit: Unit): string {
  switch (unit) {
    case 'percent':
      return '%';
    case 'usd':
      return 'USD';
    case 'mb':
      return 'MB';
    case 'kb':
      return 'KB';
    default:
      return t(`settings.unit.${unit}`);
  }
}
