// How an event of a binding looks: its tone, and its reason in the reader's language where the gateway's words are known.

import { t } from '../../lib/i18n.svelte.ts';
import type { Tone } from '../../parts/tone.ts';
import type { BindingEvent } from './queries.ts';

export const EVENT_TONES: Record<BindingEvent['kind'], Tone> = {
  BOUND: 'good',
  RENEWED: 'plain',
  MOVED: 'warn',
  BORROWED: 'info',
  PINNED: 'accent',
  UNPINNED: 'plain',
  EXPIRED: 'plain',
  CLEARED: 'bad',
};

const REASONS = {
  'nothing was bound': 'bindingReason.new',
  'its API key is bound to the account': 'bindingReason.throughKey',
  'not used within its lifetime': 'bindingReason.unused',
  'more bindings than are kept': 'bindingReason.noRoom',
  'cleared by an administrator': 'bindingReason.cleared',
  'moved by an administrator': 'bindingReason.moved',
  'pinned by an administrator': 'bindingReason.pinned',
  'unpinned by an administrator': 'bindingReason.unpinned',
  'the account no longer serves the model': 'bindingReason.notServed',
  'the account was paused': 'bindingReason.paused',
  'the bound account was full': 'bindingReason.full',
  'the bound account could not be reached or refused it': 'bindingReason.failed',
  'the bound account was busier than it was worth': 'bindingReason.busy',
  'the bound account was out of service for a while': 'bindingReason.resting',
  'the bound account could not take the request; the binding stays': 'bindingReason.couldNot',
  'bound elsewhere while the request was under way; that binding stays': 'bindingReason.meanwhile',
  'another account is warmer': 'code.warmer-elsewhere',
  'its API key was revoked': 'bindingReason.revoked',
  'other reasons': 'bindingReason.other',
} as const;

const PREFIXES = {
  'the account was disabled: ': 'bindingReason.disabled',
  'the account rests too long: ': 'bindingReason.restsTooLong',
} as const;

const WARMER = /^(\d+) more tokens are warm on another account$/;

/** A reason as the gateway gives it; what it quotes of a provider stays as it is. */
export function bindingReason(reason: string): string {
  for (const [text, key] of Object.entries(REASONS)) if (text === reason) return t(key);
  for (const [start, key] of Object.entries(PREFIXES))
    if (reason.startsWith(start)) return t(key, { detail: reason.slice(start.length) });
  const tokens = WARMER.exec(reason)?.[1];
  return tokens === undefined ? reason : t('bindingReason.warmer', { tokens });
}
