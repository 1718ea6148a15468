// Why a binding came, changed, ended or was passed over, as enums of the API.

import type { BindingCode, PassedOverCode } from '../gateway/binding-reasons.ts';
import { builder } from './builder.ts';

type Values<Code extends string> = Record<string, { value: Code; description: string }>;

/** Why the router prefers another account than the bound one. */
export const PASSED_OVER_VALUES = {
  WARMER_ELSEWHERE: { value: 'warmer-elsewhere', description: 'More tokens are warm on another account.' },
  BOUND_ACCOUNT_FULL: { value: 'bound-account-full', description: 'It was full; the binding stays.' },
  BOUND_ACCOUNT_RESTING: {
    value: 'bound-account-resting',
    description: 'It was out of service for a while; the binding stays.',
  },
  BOUND_ACCOUNT_FAILED: {
    value: 'bound-account-failed',
    description: 'It could not be reached, or refused the request; the binding stays.',
  },
  CHEAPER_ELSEWHERE: {
    value: 'cheaper-elsewhere',
    description: 'It was busier than it was worth; the binding stays.',
  },
} as const satisfies Values<PassedOverCode>;

export const BindingReasonRef = builder.enumType('BindingReason', {
  description: 'Why a binding came, changed, ended, or was passed over.',
  values: {
    NOTHING_BOUND: { value: 'nothing-bound', description: 'Made: nothing was bound.' },
    API_KEY_BOUND: { value: 'api-key-bound', description: 'Made: its API key is bound to the account.' },
    USED: { value: 'used', description: 'Used again.' },
    UNUSED: { value: 'unused', description: 'Not used within its lifetime.' },
    NO_ROOM: { value: 'no-room', description: 'More bindings than are kept.' },
    PINNED: { value: 'pinned', description: 'Pinned by an administrator.' },
    UNPINNED: { value: 'unpinned', description: 'Unpinned by an administrator.' },
    MOVED: { value: 'moved', description: 'Moved by an administrator.' },
    ACCOUNT_REMOVED: {
      value: 'account-removed',
      description: 'The bound account no longer serves the model.',
    },
    ACCOUNT_PAUSED: { value: 'account-paused', description: 'The bound account was paused.' },
    ACCOUNT_DISABLED: { value: 'account-disabled', description: 'The provider refused its credential.' },
    ACCOUNT_RESTING: { value: 'account-resting', description: 'It rests for longer than the binding lives.' },
    ACCOUNT_FAILING: { value: 'account-failing', description: 'The bound account kept failing.' },
    ...PASSED_OVER_VALUES,
    BOUND_MEANWHILE: {
      value: 'bound-meanwhile',
      description: 'Bound elsewhere while the request was under way; that binding stays.',
    },
    CLEARED: { value: 'cleared', description: 'Cleared by an administrator.' },
    API_KEY_REVOKED: { value: 'api-key-revoked', description: 'Its API key was revoked.' },
    API_KEY_DELETED: { value: 'api-key-deleted', description: 'Its API key was deleted.' },
    USER_DELETED: { value: 'user-deleted', description: 'Its user was deleted.' },
    ACCOUNT_DELETED: { value: 'account-deleted', description: 'Its account was deleted.' },
    PROVIDER_DELETED: { value: 'provider-deleted', description: 'Its provider was deleted.' },
    ENDPOINT_DELETED: { value: 'endpoint-deleted', description: 'Its endpoint was deleted.' },
    MODEL_DELETED: { value: 'model-deleted', description: 'Its model was deleted.' },
    MAPPING_DELETED: { value: 'mapping-deleted', description: 'Its provider stopped serving the model.' },
    IMPORT_DELETED: { value: 'import-deleted', description: 'An import deleted what it names.' },
  } as const satisfies Values<BindingCode>,
});
