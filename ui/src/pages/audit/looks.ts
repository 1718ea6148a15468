// How audit entries look and read: tones of outcomes, actions and actors in words.

import { t, tOr } from '../../lib/i18n.svelte.ts';
import type { Tone } from '../../parts/tone.ts';
import type { Outcome } from './audit-filter.ts';

export const OUTCOME_TONES: Record<Outcome, Tone> = {
  OK: 'good',
  REFUSED: 'warn',
  DENIED: 'bad',
  FAILED: 'bad',
};

/** A mutation in words; one that this panel does not know keeps its name. */
export function actionText(action: string): string {
  return tOr(`audit.action.${action}`, action);
}

/** Codes of errors, which the API joins without room for a line to break. */
export function codesText(codes: string): string {
  return codes.replaceAll(',', ', ');
}

/** The actors that are no name of a token or key. */
export function actorText(actor: string): string {
  switch (actor) {
    case 'panel':
      return t('audit.actor.panel');
    case 'admin-token':
      return t('audit.actor.adminToken');
    case 'nobody':
      return t('audit.actor.nobody');
    default:
      return actor;
  }
}
