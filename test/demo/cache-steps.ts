// Plays requests to the Anthropic-shaped provider one after another and compares what each took from the cache.

import assert from 'node:assert/strict';
import { type Counts, countAnthropic, openDemo } from './demo-client.ts';

export interface CacheCase {
  name: string;
  steps: CacheStep[];
}

/** `waitMs` passes before the request; of the counts, those given are compared. */
export interface CacheStep {
  body: object;
  waitMs?: number;
  account?: string;
  expected: Partial<Counts>;
}

export async function playSteps(steps: readonly CacheStep[]): Promise<void> {
  const { clock, upstream } = openDemo();
  for (const [index, { body, waitMs = 0, account = 'anthropic-a', expected }] of steps.entries()) {
    await clock.advance(waitMs);
    const counts = await countAnthropic(upstream, body, { account });
    assert.deepEqual({ ...counts, ...expected }, counts, `step ${index + 1}`);
  }
}
