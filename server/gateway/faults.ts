// What can go wrong in an attempt, what each fault says of whom, and whether another account may be tried.

/**
 * `rate-limited`: 429 for this account and model. `quota`: the account's budget is spent. `refused`: its credential or
 * permission was refused. `overloaded`: the provider has no room (529, 503). `server-error`: it failed. `timeout`: no
 * reply in time. `unreachable`: the endpoint's host could not be reached (name, connection, TLS). `blocked`: the outbound
 * guard refused the host. `broken`: the connection or its framing broke. `stalled`: a begun stream fell silent.
 * `incomplete`: a begun stream ended without its protocol's end. `redirected`: a redirect, never followed.
 * `model-missing`: the account does not know the model.
 */
export type AttemptFault =
  | 'rate-limited'
  | 'quota'
  | 'refused'
  | 'overloaded'
  | 'server-error'
  | 'timeout'
  | 'unreachable'
  | 'blocked'
  | 'broken'
  | 'stalled'
  | 'incomplete'
  | 'redirected'
  | 'model-missing';

/** Whom a fault tells something about. `none`: nobody is to blame. */
export type FaultScope = 'account-model' | 'account' | 'host' | 'provider' | 'none';

export const FAULT_SCOPES: Readonly<Record<AttemptFault, FaultScope>> = {
  'rate-limited': 'account-model',
  quota: 'account',
  refused: 'account',
  overloaded: 'provider',
  'server-error': 'account',
  timeout: 'account',
  unreachable: 'host',
  blocked: 'host',
  broken: 'account',
  stalled: 'account',
  incomplete: 'account',
  redirected: 'account',
  'model-missing': 'none',
};

/**
 * What a fault before the first byte does to a binding to that account. `keep`: the cache is still there and the account
 * soon back. `count`: some in a row end it. `unbind`: the account is out of service.
 */
export const BINDING_EFFECTS: Readonly<Record<AttemptFault, 'keep' | 'count' | 'unbind'>> = {
  'rate-limited': 'keep',
  quota: 'unbind',
  refused: 'unbind',
  overloaded: 'keep',
  'server-error': 'count',
  timeout: 'count',
  unreachable: 'count',
  blocked: 'unbind',
  broken: 'count',
  stalled: 'count',
  incomplete: 'count',
  redirected: 'count',
  'model-missing': 'keep',
};

/** Faults by what an operator would look at. */
export type FailureKind = 'rate-limited' | 'refused' | 'server' | 'network' | 'other';

export const FAILURE_KINDS: Readonly<Record<AttemptFault, FailureKind>> = {
  'rate-limited': 'rate-limited',
  quota: 'rate-limited',
  refused: 'refused',
  overloaded: 'server',
  'server-error': 'server',
  timeout: 'network',
  unreachable: 'network',
  blocked: 'network',
  broken: 'network',
  stalled: 'network',
  incomplete: 'network',
  redirected: 'other',
  'model-missing': 'other',
};

/** What these tell is of the credential that was sent: nothing of the one that has replaced it since. */
const CREDENTIAL_FAULTS: ReadonlySet<AttemptFault> = new Set(['rate-limited', 'quota', 'refused']);

export function isOfCredential(fault: AttemptFault): boolean {
  return CREDENTIAL_FAULTS.has(fault);
}
