// What a key is held to, in words.

import type { Format } from '../../lib/format.ts';
import { t } from '../../lib/i18n.svelte.ts';
import type { KeyField } from './key-form.ts';
import type { Key } from './queries.ts';

const LABELS = {
  name: 'keys.name',
  userId: 'column.user',
  enabled: 'keys.form.enabled',
  requestsPerMinute: 'keys.rpm',
  tokensPerMinute: 'keys.tpm',
  maxConcurrent: 'keys.inFlight',
  budgetUsdPerDay: 'keys.day',
  budgetUsdPerMonth: 'keys.month',
  expiresAt: 'keys.expiry',
  allowedModelIds: 'keys.allow.models',
  allowedProviderIds: 'keys.allow.providers',
  allowedSurfaces: 'keys.allow.surfaces',
  allowedIps: 'keys.allow.addresses',
} as const satisfies Record<KeyField, string>;

const MAX_CHARACTERS = 200;

export function fieldLabel(field: KeyField): string {
  return t(LABELS[field]);
}

export function fieldText(field: KeyField, key: Key, format: Format): string {
  return rawText(field, key, format).slice(0, MAX_CHARACTERS);
}

/** The names on a list; null = all of them, said in other words. */
export function listOf(field: 'models' | 'providers' | 'surfaces' | 'addresses', key: Key): string[] | null {
  if (field === 'models') return key.allowedModels?.map(({ name }) => name) ?? null;
  if (field === 'providers') return key.allowedProviders?.map(({ name }) => name) ?? null;
  if (field === 'surfaces') return key.allowedSurfaces?.map((name) => t(`surface.${name}`)) ?? null;
  return key.allowedIps;
}

function rawText(field: KeyField, key: Key, format: Format): string {
  switch (field) {
    case 'name':
      return key.name;
    case 'userId':
      return key.user?.username ?? t('keys.noUser');
    case 'enabled':
      return t(key.enabled ? 'keys.on' : 'keys.off');
    case 'requestsPerMinute':
    case 'tokensPerMinute':
    case 'maxConcurrent':
      return key[field] === null ? t('keys.noLimit') : format.count(key[field]);
    case 'budgetUsdPerDay':
    case 'budgetUsdPerMonth':
      return key[field] === null ? t('keys.noLimit') : format.usd(key[field]);
    case 'expiresAt':
      return key.expiresAt === null ? t('keys.never') : format.exact(key.expiresAt);
    case 'allowedModelIds':
      return joined(listOf('models', key));
    case 'allowedProviderIds':
      return joined(listOf('providers', key));
    case 'allowedSurfaces':
      return joined(listOf('surfaces', key));
    case 'allowedIps':
      return joined(listOf('addresses', key));
    default:
      return field satisfies never;
  }
}

function joined(names: readonly string[] | null): string {
  if (names === null) return t('keys.allow.all');
  return names.length === 0 ? t('keys.allow.none') : names.join(', ');
}
