// Waits for something to become true, for tests that watch other processes. Never longer than its deadline.

import assert from 'node:assert/strict';

const POLL_MS = 20;
/** Ample: what is awaited comes at once, but the machine may be busy with other tests. */
const DEADLINE_MS = 30_000;

/** Asks until the answer is neither null nor false, and gives it back; fails with what was awaited. */
export async function eventually<Value>(
  what: string,
  ask: () => Value | Promise<Value>,
  { deadlineMs = DEADLINE_MS }: { deadlineMs?: number } = {},
): Promise<Exclude<Value, null | false>> {
  const endMs = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (isThere(answer)) return answer;
    if (performance.now() > endMs) assert.fail(`Cannot see ${what}: not within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** Rejects when the promise has not settled by the deadline. */
export async function within<Value>(
  what: string,
  promise: Promise<Value>,
  { deadlineMs = DEADLINE_MS }: { deadlineMs?: number } = {},
): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Cannot see ${what}: not within ${deadlineMs} ms`)),
      deadlineMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function isThere<Value>(answer: Value): answer is Exclude<Value, null | false> {
  return answer !== null && answer !== false;
}
