// An account as its form has it, and what of it is to be saved. Pure.

import { type Limits, type LimitsForm, readLimits } from './limits.ts';

export interface AccountFields extends Limits {
  name: string;
}

export const ACCOUNT_FIELDS = [
  'name',
  'weight',
  'maxConcurrent',
  'cacheTtlMinutes',
  'rateMultiplier',
  'usdPerCredit',
  'cacheDomain',
] as const satisfies readonly (keyof AccountFields)[];
export type AccountField = (typeof ACCOUNT_FIELDS)[number];

export function fieldsOf(account: AccountFields): AccountFields {
  const { name, weight, maxConcurrent, cacheTtlMinutes, rateMultiplier, usdPerCredit, cacheDomain } = account;
  return { name, weight, maxConcurrent, cacheTtlMinutes, rateMultiplier, usdPerCredit, cacheDomain };
}

export function limitsFormOf(account: AccountFields): LimitsForm {
  const { name: _name, ...limits } = fieldsOf(account);
  return { ...limits, cacheDomain: limits.cacheDomain ?? '' };
}

/** Null when one of the numbers is not allowed. */
export function readFields(name: string, form: LimitsForm): AccountFields | null {
  const limits = readLimits(form);
  return limits && { name: name.trim(), ...limits };
}

/** Only what the person changed: saving over another's work then undoes no more of it than it has to. */
export function changedFields(before: AccountFields, mine: AccountFields): Partial<AccountFields> {
  const changed = ACCOUNT_FIELDS.filter((name) => !Object.is(before[name], mine[name]));
  return Object.fromEntries(changed.map((name) => [name, mine[name]]));
}
