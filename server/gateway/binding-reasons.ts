// Why a binding came, changed, ended, or was passed over: a code for programs, and its words. No state.

/** Why an account cannot serve a binding for as long as that lives. */
const OUT = {
  'account-paused': 'the account was paused',
  'account-disabled': 'the account was disabled',
  'account-resting': 'the account rests too long',
} as const;

/** Why the router prefers another account: the first gives the binding up, the others leave it. */
const PASSED_OVER = {
  'warmer-elsewhere': 'another account is warmer',
  'bound-account-full': 'the bound account was full',
  'bound-account-resting': 'the bound account was out of service for a while',
  'bound-account-failed': 'the bound account could not be reached or refused it',
  'cheaper-elsewhere': 'the bound account was busier than it was worth',
} as const;

/** Why a request does not go to its bound account. */
const AWAY = {
  'account-removed': 'the account no longer serves the model',
  ...OUT,
  'account-failing': 'the account kept failing',
  ...PASSED_OVER,
  'bound-meanwhile': 'bound elsewhere while the request was under way',
} as const;

/** Why bindings are removed by hand, or with what they name. */
const CLEARED = {
  cleared: 'cleared by an administrator',
  'api-key-revoked': 'its API key was revoked',
  'api-key-deleted': 'its API key was deleted',
  'user-deleted': 'its user was deleted',
  'account-deleted': 'its account was deleted',
  'provider-deleted': 'its provider was deleted',
  'endpoint-deleted': 'its endpoint was deleted',
  'model-deleted': 'its model was deleted',
  'mapping-deleted': 'its provider stopped serving the model',
  'import-deleted': 'its provider, account, model or API key was deleted by an import',
} as const;

/** One sentence each, without figures or what a provider said: what is counted by them stays few. */
export const BINDING_REASONS = {
  'nothing-bound': 'nothing was bound',
  'api-key-bound': 'its API key is bound to the account',
  used: 'used again',
  unused: 'not used within its lifetime',
  'no-room': 'more bindings than are kept',
  pinned: 'pinned by an administrator',
  unpinned: 'unpinned by an administrator',
  moved: 'moved by an administrator',
  ...AWAY,
  ...CLEARED,
} as const;

export type OutCode = keyof typeof OUT;
export type PassedOverCode = keyof typeof PASSED_OVER;
export type AwayCode = keyof typeof AWAY;
export type ClearCode = keyof typeof CLEARED;
export type BindingCode = keyof typeof BINDING_REASONS;

/** A reason for programs and for people; the words may add what a provider said. */
export interface BindingReason {
  code: BindingCode;
  reason: string;
}

/** Of `warmer-elsewhere`, with its figure. */
export function warmerReason(moreTokens: number): string {
  return `${moreTokens} more tokens are warm on another account`;
}

/** How many tokens a reason made by `warmerReason` tells of; null = it was not. */
export function warmerTokensIn(reason: string): number | null {
  const tokens = /^(\d+) more tokens are warm on another account$/.exec(reason)?.[1];
  return tokens === undefined ? null : Number(tokens);
}

export function bindingReason<Code extends BindingCode>(code: Code): { code: Code; reason: string } {
  return { code, reason: BINDING_REASONS[code] };
}
