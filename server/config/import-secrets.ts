// Secrets of a configuration that is brought in: literal, or by the name of an environment variable. Never quotes one.

import type { Environment } from './interpolate.ts';

/**
 * What a credential is while its variable is not set: the account keeps the one it has, see import-plan.ts. Drawn anew
 * for each import, so that no text can be mistaken for it.
 */
export interface SecretTools {
  env: Environment;
  keptCredential: string;
}

export interface FoundSecret {
  value: string;
  /** Tells secrets apart, also those whose variable is not set. */
  key: string;
  /** The variable it was to be in; null = it was literal. */
  variable: string | null;
}

export function secretOf(variable: string, { env, keptCredential }: SecretTools): FoundSecret {
  const value = env[variable]?.trim();
  return value
    ? { value, key: value, variable }
    : { value: keptCredential, key: `variable ${variable}`, variable };
}

/** `ANTHROPIC_API_KEY_A` → `anthropic-api-key-a`. */
export function nameOfVariable(variable: string): string {
  return variable.toLowerCase().replaceAll('_', '-');
}

/** What goes into an HTTP header. */
export function isSendable(secret: string): boolean {
  return /^[\x21-\x7e]+$/.test(secret);
}
