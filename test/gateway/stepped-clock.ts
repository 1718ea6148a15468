// A clock whose wall time can be set while its monotonic time runs on, and an account, for tests of single parts.

import type { Account, Clock } from '../../server/gateway/ports.ts';
import { ManualClock } from '../manual-clock.ts';

const START_MS = 1_700_000_000_000;

export class SteppedClock implements Clock {
  readonly #clock = new ManualClock(START_MS);
  #stepMs = 0;

  nowMs(): number {
    return this.#clock.nowMs() + this.#stepMs;
  }

  monotonicMs(): number {
    return this.#clock.nowMs() - START_MS;
  }

  setTimer(fire: () => void, delayMs: number): () => void {
    return this.#clock.setTimer(fire, delayMs);
  }

  get pendingTimers(): number {
    return this.#clock.pendingTimers;
  }

  advance(ms: number): Promise<void> {
    return this.#clock.advance(ms);
  }

  /** Sets the wall clock ahead, or back. */
  stepWall(ms: number): void {
    this.#stepMs += ms;
  }
}

export function testAccount(part: Partial<Account> = {}): Account {
  return {
    id: 'a',
    providerId: 'p1',
    name: 'a',
    weight: 1,
    maxConcurrent: null,
    cacheTtlMinutes: 5,
    rateMultiplier: 1,
    usdPerCredit: null,
    cacheDomain: null,
    isPaused: false,
    disabledReason: null,
    credentialLast4: '',
    credentialFingerprint: '',
    credentialOrigins: [],
    ...part,
  };
}
