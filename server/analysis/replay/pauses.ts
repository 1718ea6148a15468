// Runs long computations that pause all the time: at one go, or in slices that leave room for others.

/** To the end, at one go. */
export function finish<Result>(work: Generator<undefined, Result>): Result {
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
  }
}

export interface Slicing {
  nowMs: () => number;
  /** Resolves when others have had their turn. */
  rest: () => Promise<void>;
  /** Aborted: the work is given up, its promise rejects with the signal's reason. */
  signal: AbortSignal;
  sliceMs: number;
}

/** To the end, in slices of about `sliceMs`. */
export async function finishInSlices<Result>(
  work: Generator<undefined, Result>,
  { nowMs, rest, signal, sliceMs }: Slicing,
): Promise<Result> {
  let restedAtMs = nowMs();
  for (;;) {
    const step = work.next();
    if (step.done) return step.value;
    if (nowMs() - restedAtMs < sliceMs) continue;
    await rest();
    signal.throwIfAborted();
    restedAtMs = nowMs();
  }
}
