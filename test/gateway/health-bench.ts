// A health table on a clock that is set by hand, and the accounts and ways that its tests fail.

import type { AttemptFault } from '../../server/gateway/faults.ts';
import { type AccountCondition, HealthTable, type Way } from '../../server/gateway/health.ts';
import { SteppedClock, testAccount } from './stepped-clock.ts';

export const DAY_MS = 24 * 3600_000;
export const A = testAccount({ id: 'a' });
export const B = testAccount({ id: 'b' });
export const OTHER_PROVIDER = testAccount({ id: 'c', providerId: 'p2' });
export const WAY: Way = { upstreamModel: 'm1', host: 'one.test' };
export const OTHER_MODEL: Way = { ...WAY, upstreamModel: 'm2' };
export const OTHER_HOST: Way = { ...WAY, host: 'two.test' };

export function healthBench() {
  const clock = new SteppedClock();
  const health = new HealthTable(clock);
  const fail = (fault: AttemptFault, retryAfterMs: number | null = null, account = A, way = WAY) =>
    health.failed(account, way, { fault, retryAfterMs, reason: fault });
  const state = (account = A, way: Way | undefined = WAY) => health.condition(account, way).state;
  /** How long the condition lasts, by the wall clock it is shown in. */
  const leftMs = (condition: AccountCondition = health.condition(A, WAY)) =>
    'untilMs' in condition ? condition.untilMs - clock.nowMs() : 0;
  return { clock, health, fail, state, leftMs };
}
