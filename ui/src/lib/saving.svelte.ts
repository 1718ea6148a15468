// A form that is being saved: busy while the call runs, and the reason when it fails.

import { type ApiError, asApiError } from './graphql.ts';

export class Saving {
  isBusy = $state(false);
  error = $state.raw<ApiError | null>(null);

  /** Runs the call; true when it succeeded. */
  async run(call: () => Promise<void>): Promise<boolean> {
    this.isBusy = true;
    this.error = null;
    try {
      await call();
      return true;
    } catch (failure) {
      this.error = asApiError(failure);
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}
