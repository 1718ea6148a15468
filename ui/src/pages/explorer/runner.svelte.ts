// What the explorer runs at the moment, and what came of it.

import { type ApiError, asApiError } from '../../lib/graphql.ts';
import { type Answer, type Asked, ask, follow } from './execute.ts';

/** Events of a subscription that are kept; older ones go. */
const KEPT_EVENTS = 50;

interface RunOptions {
  token: string | null;
  isSubscription: boolean;
}

export class Runner {
  /** Newest first; one for a query, up to 50 for a subscription. */
  answers = $state.raw<readonly Answer[]>([]);
  /** All that came, also those no longer kept. */
  count = $state(0);
  isSubscription = $state(false);
  /** What is shown was asked as a pasted token. */
  isByToken = $state(false);
  error = $state.raw<ApiError | null>(null);
  isRunning = $state(false);
  #abort: AbortController | null = null;

  async run(asked: Asked, { token, isSubscription }: RunOptions): Promise<void> {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    this.isRunning = true;
    this.error = null;
    this.answers = [];
    this.count = 0;
    this.isSubscription = isSubscription;
    this.isByToken = token !== null;
    const asking = { token, signal: abort.signal };
    const add = (answer: Answer) => {
      if (!abort.signal.aborted) this.#add(answer);
    };
    try {
      if (isSubscription) await follow(asked, asking, add);
      else add(await ask(asked, asking));
    } catch (failure) {
      if (!abort.signal.aborted) this.error = asApiError(failure);
    } finally {
      if (this.#abort === abort) this.isRunning = false;
    }
  }

  stop(): void {
    this.#abort?.abort();
    this.isRunning = false;
  }

  #add(answer: Answer): void {
    this.count += 1;
    this.answers = [answer, ...this.answers].slice(0, KEPT_EVENTS);
  }
}
