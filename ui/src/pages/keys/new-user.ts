// A user that is made on the way to a key; and what the API finds wrong with a user.

import { refuseUserErrors, run } from '../../lib/graphql.ts';
import { t } from '../../lib/i18n.svelte.ts';
import { faultText, type InputError } from '../../parts/problem-text.ts';
import { CREATE_USER } from './changes.ts';

/** In the list of users in place of one. */
export const NEW_USER = 'new';

export interface NewUser {
  username: string;
  email: string;
}

export interface UserFaults {
  username?: string;
  email?: string;
}

/** Faults at their fields; throws an ApiError when there are others. */
export function userFaults(errors: readonly InputError[]): UserFaults {
  const faults: UserFaults = {};
  for (const error of errors) {
    const field = error.path?.[1];
    if (field === 'username' || field === 'email') {
      faults[field] = error.code === 'name-taken' ? t(`users.taken.${field}`) : faultText(error);
    } else refuseUserErrors([error]);
  }
  return faults;
}

export function userInput({ username, email }: NewUser): { username: string; email: string | null } {
  return { username: username.trim(), email: email.trim() || null };
}

/** Makes the user: its id, or what is wrong with it. */
export async function createUser(user: NewUser): Promise<{ id: string } | { faults: UserFaults }> {
  const { createUser: made } = await run(CREATE_USER, { input: userInput(user) });
  const faults = userFaults(made.errors);
  return made.user ? { id: made.user.id } : { faults };
}
