// What a soak saw, as lines, and what it makes of it. Pure.

export interface Sample {
  atMs: number;
  residentMb: number;
}

export interface Outcome {
  requests: number;
  rows: number;
  droppedRows: number;
  inFlight: number;
  descriptors: { before: number; after: number };
  /** Null = too short to tell. */
  slopeMbPerMinute: number | null;
}

/** Sockets and files that may be open at one moment and not at another: a probe, a journal of the database. */
const SPARE_DESCRIPTORS = 4;

/** Of the second half, one a second: heap and code caches still settle in a run of less than five minutes. */
const LEAST_SAMPLES = 150;

/** Straight line through the second half of the samples: how fast memory grows once it is warm. Null = too few. */
export function slopeMbPerMinute(samples: readonly Sample[]): number | null {
  const half = samples.slice(Math.floor(samples.length / 2));
  if (half.length < LEAST_SAMPLES) return null;
  const meanAt = mean(half.map(({ atMs }) => atMs));
  const meanMb = mean(half.map(({ residentMb }) => residentMb));
  const covariance = half.reduce(
    (sum, { atMs, residentMb }) => sum + (atMs - meanAt) * (residentMb - meanMb),
    0,
  );
  const variance = half.reduce((sum, { atMs }) => sum + (atMs - meanAt) ** 2, 0);
  return variance === 0 ? null : (covariance / variance) * 60_000;
}

/** What is not as it must be; empty = all is well. */
export function complaints(outcome: Outcome, maxSlopeMbPerMinute: number): string[] {
  const { requests, rows, droppedRows, inFlight, descriptors, slopeMbPerMinute: slope } = outcome;
  const found: string[] = [];
  if (rows + droppedRows !== requests) {
    found.push(`${requests} requests, but ${rows} rows and ${droppedRows} dropped ones`);
  }
  if (inFlight !== 0) found.push(`${inFlight} requests are still counted as in flight`);
  if (descriptors.after > descriptors.before + SPARE_DESCRIPTORS) {
    found.push(`${descriptors.after} files and sockets are open, ${descriptors.before} at the start`);
  }
  if (slope !== null && slope > maxSlopeMbPerMinute) {
    found.push(`memory grows by ${slope.toFixed(1)} MB a minute, more than ${maxSlopeMbPerMinute}`);
  }
  return found;
}

export function outcomeText({ slopeMbPerMinute: slope, descriptors, ...outcome }: Outcome): string {
  return [
    `requests ${outcome.requests}, rows ${outcome.rows}, dropped ${outcome.droppedRows}, in flight ${outcome.inFlight}`,
    `files and sockets ${descriptors.before} before, ${descriptors.after} after`,
    `memory over the second half: ${slope === null ? 'too short to tell' : `${slope.toFixed(2)} MB a minute`}`,
  ].join('\n');
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
