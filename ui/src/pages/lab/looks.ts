// How policies are called where they stand alone.

import { i18n, t } from '../../lib/i18n.svelte.ts';
import type { Policy } from './replay.ts';

export function policyName(policy: Policy): string {
  const name = t(`policy.${policy}`);
  return name.charAt(0).toLocaleUpperCase(i18n.format.locale) + name.slice(1);
}
