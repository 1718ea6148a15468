// What a person does with accounts: shown at once, taken back with the reason when the API refuses. Owns which dialog is open.

import { SvelteSet } from 'svelte/reactivity';
import { asApiError, refuseUserErrors, run } from '../../lib/graphql.ts';
import { i18n, t, tn } from '../../lib/i18n.svelte.ts';
import { report } from '../../lib/toast.svelte.ts';
import { errorText } from '../../parts/error-text.ts';
import { TableWalk } from '../../parts/table/table-walk.ts';
import { AccountTests } from './account-tests.svelte.ts';
import { DELETE_ACCOUNT, RESET_HEALTH, SET_DEMO_FAILURE, SET_PAUSED, UPDATE_ACCOUNT } from './changes.ts';
import { idsBetween } from './choice.ts';
import type { ProviderList } from './providers.svelte.ts';
import type { Account, DemoFailure } from './queries.ts';

export type AccountDialog =
  | { kind: 'edit'; account: Account; isForCredential?: boolean }
  | { kind: 'delete'; account: Account }
  | { kind: 'test'; accounts: readonly Account[] }
  | { kind: 'provider' | 'models' | 'delete-provider'; providerId: string };

export class AccountDesk {
  readonly list: ProviderList;
  readonly tests = new AccountTests();
  /** Through the tables of all providers. */
  readonly walk = new TableWalk();
  dialog = $state.raw<AccountDialog | null>(null);
  /** Ids of the accounts that are ticked. */
  readonly chosen = new SvelteSet<string>();
  /** In the order of the screen. */
  readonly #shownIds: () => readonly string[];
  /** Where a range begins. */
  #lastTicked: string | null = null;

  constructor(list: ProviderList, shownIds: () => readonly string[]) {
    this.list = list;
    this.#shownIds = shownIds;
  }

  /** As a range: with all that are shown between it and the one ticked before. */
  tick(id: string, { isTicked, isRange }: { isTicked: boolean; isRange: boolean }): void {
    this.choose(isRange ? idsBetween(this.#shownIds(), this.#lastTicked, id) : [id], isTicked);
    this.#lastTicked = id;
  }

  choose(ids: readonly string[], isChosen: boolean): void {
    for (const id of ids) {
      if (isChosen) this.chosen.add(id);
      else this.chosen.delete(id);
    }
  }

  closeDialog = (): void => {
    this.dialog = null;
  };

  async setPaused(account: Account, paused: boolean): Promise<void> {
    const isDone = await this.#change(account, { paused }, async () => {
      const { setAccountPaused } = await run(SET_PAUSED, { id: account.id, paused });
      return setAccountPaused;
    });
    if (isDone) report(t(paused ? 'account.paused' : 'account.resumed', { name: shortName(account) }));
  }

  /** Pauses or resumes all of them, one report for all. */
  async setAllPaused(accounts: readonly Account[], paused: boolean): Promise<void> {
    const wanted = accounts.filter((account) => account.paused !== paused);
    const results = await Promise.all(
      wanted.map((account) =>
        this.#change(account, { paused }, async () => {
          const { setAccountPaused } = await run(SET_PAUSED, { id: account.id, paused });
          return setAccountPaused;
        }),
      ),
    );
    const count = results.filter(Boolean).length;
    if (count > 0 || wanted.length === 0)
      report(paused ? tn('accounts.bulk.paused', count) : tn('accounts.bulk.resumed', count));
  }

  async setWeight(account: Account, weight: number): Promise<void> {
    const isDone = await this.#change(account, { weight }, async () => {
      const input = { weight, version: account.version };
      const { updateAccount } = await run(UPDATE_ACCOUNT, { id: account.id, input });
      return updateAccount;
    });
    if (isDone) report(t('account.weighed', { name: shortName(account), weight: i18n.format.count(weight) }));
  }

  async resetHealth(account: Account): Promise<void> {
    const isDone = await this.#change(account, {}, async () => {
      const { resetAccountHealth } = await run(RESET_HEALTH, { id: account.id });
      return resetAccountHealth;
    });
    if (isDone) report(t('account.wasReset', { name: shortName(account) }));
  }

  async fail(account: Account, failure: DemoFailure): Promise<void> {
    await this.#change(account, { demoFailure: failure }, async () => {
      const { setDemoFailure } = await run(SET_DEMO_FAILURE, { id: account.id, failure });
      return setDemoFailure;
    });
  }

  /** Throws when refused, for the dialog that asked. */
  async remove(account: Account): Promise<string> {
    const { deleteAccount } = await run(DELETE_ACCOUNT, { id: account.id });
    refuseUserErrors(deleteAccount.errors);
    this.chosen.delete(account.id);
    await this.list.reload();
    return t('account.deleted', { name: shortName(account) });
  }

  /** Shows the change, then what the API says there is; takes it back when the API refuses. True = it was done. */
  async #change(
    before: Account,
    change: Partial<Account>,
    call: () => Promise<{ account: Account | null; errors: readonly { code: string; message: string }[] }>,
  ): Promise<boolean> {
    this.#show(before.id, change);
    let isPresent = false;
    try {
      const { account, errors } = await call();
      // With a version conflict comes what there is by now.
      if (account) this.list.put(account);
      isPresent = account !== null;
      refuseUserErrors(errors);
      return true;
    } catch (failure) {
      if (!isPresent) this.#show(before.id, only(before, change));
      report(`${shortName(before)}: ${errorText(asApiError(failure))}`, 'failed');
      return false;
    }
  }

  /** Only these members: others may have changed by themselves meanwhile. */
  #show(id: string, change: Partial<Account>): void {
    const now = this.list.find(id)?.account;
    if (now) this.list.put({ ...now, ...change });
  }
}

/** Whether putting it back into service would change anything. */
export function needsReset({ state }: Pick<Account, 'state'>): boolean {
  return state !== 'AVAILABLE' && state !== 'FULL' && state !== 'PAUSED';
}

function shortName({ name }: Account): string {
  return name.slice(0, 60);
}

/** What the account had in place of the change. */
function only(account: Account, change: Partial<Account>): Partial<Account> {
  return Object.fromEntries(Object.entries(account).filter(([name]) => name in change));
}
