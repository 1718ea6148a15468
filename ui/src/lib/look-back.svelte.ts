// Screens read and begin to listen at the same time: what happens between the answer and the opening of the stream is told by
// neither. One small question at the opening says whether there was anything; only then is it read again.

import { graphql, type ResultOf, run } from './graphql.ts';

const LIVE_COUNTS = graphql(`
  query LiveCounts {
    liveCounts { requestsLogged accountsChanged cleared }
  }
`);

type Told = keyof ResultOf<typeof LIVE_COUNTS>['liveCounts'];

/** How often a stream had something to tell; null = it cannot be asked, and what opens again will ask once more. */
export async function countTold(told: Told): Promise<number | null> {
  const found = await run(LIVE_COUNTS, {}).catch(() => null);
  return found?.liveCounts[told] ?? null;
}

export class LookBack {
  #told: Told;
  #atOpening = $state<number | null>(null);

  constructor(told: Told) {
    this.#told = told;
  }

  /** To be called when the stream opens for the first time. */
  opened = async (): Promise<void> => {
    this.#atOpening = await countTold(this.#told);
  };

  /**
   * Calls `readAgain` at most once: when the first answer after or around the opening is from before something happened.
   * `countIn` is the count that stands in the answer, null while none is here or another is on its way.
   */
  watch(countIn: () => number | null, readAgain: () => void): void {
    let isSettled = false;
    $effect(() => {
      const count = countIn();
      if (isSettled || count === null || this.#atOpening === null) return;
      isSettled = true;
      if (count < this.#atOpening) readAgain();
    });
  }
}
