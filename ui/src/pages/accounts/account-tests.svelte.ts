// Tests of accounts, under way and done, for as long as the screen is open.

import { SvelteMap } from 'svelte/reactivity';
import { type ApiError, asApiError, refuseUserErrors, run } from '../../lib/graphql.ts';
import { type AccountTest, TEST_ACCOUNT } from './changes.ts';

export type TestState =
  | { kind: 'waiting' }
  | { kind: 'running'; sinceMs: number }
  | { kind: 'done'; test: AccountTest; atMs: number }
  | { kind: 'refused'; error: ApiError };

/** As many at a time: each is a real request that costs, and may take a minute. */
const AT_ONCE = 3;

export class AccountTests {
  /** By account; holds no more entries than there are accounts. */
  readonly states = new SvelteMap<string, TestState>();

  isRunning(accountId: string): boolean {
    const kind = this.states.get(accountId)?.kind;
    return kind === 'running' || kind === 'waiting';
  }

  /** Tests each account with the model given for it; null = the first of its provider. */
  async runAll(wanted: readonly { accountId: string; modelId: string | null }[]): Promise<void> {
    const queue = wanted.filter(({ accountId }) => !this.isRunning(accountId));
    for (const { accountId } of queue) this.states.set(accountId, { kind: 'waiting' });
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next; next = queue.shift()) await this.#runOne(next);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  }

  async #runOne({ accountId, modelId }: { accountId: string; modelId: string | null }): Promise<void> {
    this.states.set(accountId, { kind: 'running', sinceMs: Date.now() });
    try {
      const { testAccount } = await run(TEST_ACCOUNT, { id: accountId, modelId });
      refuseUserErrors(testAccount.errors);
      if (testAccount.test)
        this.states.set(accountId, { kind: 'done', test: testAccount.test, atMs: Date.now() });
      else this.states.delete(accountId);
    } catch (failure) {
      this.states.set(accountId, { kind: 'refused', error: asApiError(failure) });
    }
  }
}
