// What a person does with API keys and users: which dialog is open, the new secret until it is kept, and the edits themselves.

import { untrack } from 'svelte';
import { asApiError, refuseUserErrors, run } from '../../lib/graphql.ts';
import { i18n, t } from '../../lib/i18n.svelte.ts';
import { keepFresh, type PagedRows } from '../../lib/paged.svelte.ts';
import { report } from '../../lib/toast.svelte.ts';
import { errorText } from '../../parts/error-text.ts';
import { DELETE_API_KEY, DELETE_USER, REVOKE_API_KEY, UPDATE_API_KEY } from './changes.ts';
import { KEY_AFFINITIES, type Key, type User } from './queries.ts';

export type DeskDialog =
  | { kind: 'edit-key'; key: Key }
  | { kind: 'revoke-key'; key: Key }
  | { kind: 'delete-key'; key: Key }
  | { kind: 'edit-user'; user: User }
  | { kind: 'delete-user'; user: User };

export interface NewKey {
  name: string;
  secret: string;
}

export class KeyDesk {
  dialog = $state.raw<DeskDialog | null>(null);
  /** Shown until the person says that it is kept. */
  created = $state.raw<NewKey | null>(null);
  /** What has been changed here, newest last; lists and drawers show it in place of what they have read before. */
  changed = $state.raw<Key | null>(null);
  /** Grows when lists have to be read again. */
  generation = $state(0);

  closeDialog = (): void => {
    this.dialog = null;
  };

  /** Lists have to be read again. */
  stale = (): void => {
    this.generation += 1;
  };

  /** Reads the list again by and by, and when it is stale; to be called while its component is created. */
  keepFresh(list: Pick<PagedRows<{ id: string }>, 'reload' | 'refresh'>): void {
    keepFresh(list);
    $effect(() => {
      void this.generation;
      untrack(() => void list.reload());
    });
  }

  put = (key: Key): void => {
    this.changed = key;
  };

  /** Shown at once, and taken back with the reason when the API refuses. */
  async setEnabled(key: Key, enabled: boolean): Promise<void> {
    const state =
      enabled && key.state === 'DISABLED' ? 'ACTIVE' : key.state === 'ACTIVE' ? 'DISABLED' : key.state;
    this.put({ ...key, enabled, state });
    try {
      const input = { enabled, version: key.version };
      const { updateApiKey } = await run(UPDATE_API_KEY, { id: key.id, input });
      // With a version conflict comes what there is by now.
      this.put(updateApiKey.apiKey ?? key);
      refuseUserErrors(updateApiKey.errors);
      report(t(enabled ? 'keys.enabled' : 'keys.disabled', { name: shortName(key.name) }));
    } catch (failure) {
      if (this.changed?.version === key.version) this.put(key);
      report(`${shortName(key.name)}: ${errorText(asApiError(failure))}`, 'failed');
    }
  }

  /** Throws when refused, for the dialog that asked; as the other two. */
  async revoke(key: Key): Promise<string> {
    const { affinities } = await run(KEY_AFFINITIES, { id: key.id });
    const { revokeApiKey } = await run(REVOKE_API_KEY, { id: key.id });
    refuseUserErrors(revokeApiKey.errors);
    if (revokeApiKey.apiKey) this.put(revokeApiKey.apiKey);
    const count = i18n.format.count(affinities.totalCount);
    return t('keys.revoked', { name: shortName(key.name), count });
  }

  async remove(key: Key): Promise<string> {
    const { deleteApiKey } = await run(DELETE_API_KEY, { id: key.id });
    refuseUserErrors(deleteApiKey.errors);
    this.stale();
    return t('keys.deleted', { name: shortName(key.name) });
  }

  async removeUser(user: User): Promise<string> {
    const { deleteUser } = await run(DELETE_USER, { id: user.id });
    refuseUserErrors(deleteUser.errors);
    this.stale();
    return t('users.deleted', { name: shortName(user.username) });
  }
}

export function shortName(name: string): string {
  return name.slice(0, 60);
}
