// Why a control is disabled for the one who is logged in.

import { t } from './i18n.svelte.ts';
import { session } from './session.svelte.ts';

/** Undefined when the role is enough. */
export function roleHint(needed: 'ADMIN' | 'OPERATOR'): string | undefined {
  return session.may(needed) ? undefined : t('role.needed', { role: t(`role.${needed}`) });
}
