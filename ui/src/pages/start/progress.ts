// How far a new gateway has come: which step is next. Pure.

const STEPS = ['password', 'account', 'key', 'client', 'request'] as const;
export type Step = (typeof STEPS)[number];

export interface Facts {
  /** An account of a real provider is there, or the person goes on with the demo's. */
  hasAccount: boolean;
  hasKey: boolean;
  /** The person has pasted the settings into a client. */
  isClientSet: boolean;
  hasRequest: boolean;
}

/** The first step that is not done; null when all are. */
export function nextStep({ hasAccount, hasKey, isClientSet, hasRequest }: Facts): Step | null {
  if (!hasAccount) return 'account';
  if (!hasKey) return 'key';
  if (hasRequest) return null;
  return isClientSet ? 'request' : 'client';
}

export function isDone(step: Step, facts: Facts): boolean {
  const next = nextStep(facts);
  return next === null || STEPS.indexOf(step) < STEPS.indexOf(next);
}
