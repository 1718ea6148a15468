// Why a control is disabled for the one who is logged in.

import { t } from '../../lib/i18n.svelte.ts';
import { session } from '../../lib/session.svelte.ts';

/** Undefined when the role is enough. */
export function adminHint(): string | undefined {
  return session.may('ADMIN') ? undefined : t('role.needed', { role: t('role.ADMIN') });
}
