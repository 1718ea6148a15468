// Clients that send the next request as soon as the last reply is whole, and what they measured.

export interface LoadOptions {
  url: string;
  headers: Record<string, string>;
  /** By client number. */
  body(client: number): string;
  clients: number;
  /** Not counted. */
  warmUpMs: number;
  measureMs: number;
}

export interface Measured {
  /** One per counted request. */
  latenciesMs: number[];
  errors: number;
  elapsedMs: number;
}

export async function runClosedLoop(options: LoadOptions): Promise<Measured> {
  const countFromMs = performance.now() + options.warmUpMs;
  const endMs = countFromMs + options.measureMs;
  const measured: Measured = { latenciesMs: [], errors: 0, elapsedMs: 0 };
  const client = async (number: number) => {
    const body = options.body(number);
    const headers = { ...options.headers, 'x-claude-code-session-id': `bench-session-${number}` };
    while (performance.now() < endMs) {
      const sentAtMs = performance.now();
      const isOk = await exchange(options.url, { headers, body });
      const doneAtMs = performance.now();
      if (sentAtMs < countFromMs) continue;
      if (isOk) measured.latenciesMs.push(doneAtMs - sentAtMs);
      else measured.errors += 1;
    }
  };
  await Promise.all(Array.from({ length: options.clients }, (_, number) => client(number)));
  measured.elapsedMs = performance.now() - countFromMs;
  return measured;
}

async function exchange(
  url: string,
  sent: { headers: Record<string, string>; body: string },
): Promise<boolean> {
  try {
    const reply = await fetch(url, { method: 'POST', ...sent });
    const text = await reply.text();
    return reply.status === 200 && text.length > 0;
  } catch {
    return false;
  }
}

/** Two measurements of the same thing as one. */
export function combine(a: Measured, b: Measured): Measured {
  return {
    latenciesMs: [...a.latenciesMs, ...b.latenciesMs],
    errors: a.errors + b.errors,
    elapsedMs: a.elapsedMs + b.elapsedMs,
  };
}

/** Nearest rank; 0 for nothing. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
