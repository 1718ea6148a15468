// Draws so many of many points evenly; what a chart must show whatever the limit, is always among them. Pure.

interface Point {
  atMs: number;
  intervalMs: number;
  userId: string | null;
}

/**
 * `points`: in order of time. Keeps the newest one and those with the least and the most interval, and of the rest every
 * n-th. The result is in order of time.
 */
export function drawEvenly<P extends Point>(points: readonly P[], limit: number): P[] {
  if (points.length <= limit) return [...points];
  const kept = new Set(landmarksOf(points).slice(0, limit));
  const others = points.map((_, index) => index).filter((index) => !kept.has(index));
  const wanted = limit - kept.size;
  for (let drawn = 0; drawn < wanted; drawn += 1) {
    // The middle of each of so many equal parts.
    const index = others[Math.floor(((drawn + 0.5) * others.length) / wanted)];
    if (index !== undefined) kept.add(index);
  }
  return points.filter((_, index) => kept.has(index));
}

/**
 * Each user gets a part of the limit by how many points are theirs, and one at least while the limit lasts; then the
 * users with the most points come first. `null` is a user too.
 */
export function drawPerUser<P extends Point>(points: readonly P[], limit: number): P[] {
  if (points.length <= limit) return [...points];
  const users = [...Map.groupBy(points, ({ userId }) => userId).values()].toSorted(
    (a, b) => b.length - a.length,
  );
  const landmarks = new Set(landmarksOf(points).flatMap((index) => points[index] ?? []));
  const shares = sharesOf(
    users.map(({ length }) => length),
    limit,
  );
  const drawn = new Set(users.flatMap((own, index) => drawEvenly(own, shares[index] ?? 0)));
  for (const point of landmarks) drawn.add(point);
  const surplus = [...drawn]
    .filter((point) => !landmarks.has(point))
    .slice(0, Math.max(0, drawn.size - limit));
  for (const point of surplus) drawn.delete(point);
  return points.filter((point) => drawn.has(point));
}

/** Parts of the limit by count, largest first; they add up to at most the limit. */
export function sharesOf(counts: readonly number[], limit: number): number[] {
  const served = counts.slice(0, limit);
  const total = served.reduce((sum, count) => sum + count, 0);
  const left = limit - served.length;
  return served.map((count) => Math.min(count, 1 + Math.floor((left * count) / Math.max(1, total))));
}

/** Indexes of the newest point and of those with the most and the least interval. */
function landmarksOf(points: readonly Point[]): number[] {
  let least = 0;
  let most = 0;
  for (const [index, { intervalMs }] of points.entries()) {
    if (intervalMs < (points[least]?.intervalMs ?? 0)) least = index;
    if (intervalMs > (points[most]?.intervalMs ?? 0)) most = index;
  }
  return points.length === 0 ? [] : [...new Set([points.length - 1, most, least])];
}
