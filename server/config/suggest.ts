// Finds the known word that a mistyped one was probably meant to be. Pure.

/** The nearest candidate, or null when none is near enough to be a helpful guess. */
export function closest(word: string, candidates: readonly string[]): string | null {
  const wanted = fold(word);
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(wanted, fold(candidate)) }))
    .sort((a, b) => a.distance - b.distance);
  const best = ranked[0];
  if (best && best.distance <= tolerance(wanted, fold(best.candidate))) return best.candidate;
  return onlyContaining(wanted, candidates);
}

/** `base-url`, `base_url` and `baseUrl` are the same word to a person. */
function fold(word: string): string {
  return word.toLowerCase().replaceAll(/[-_ ]/g, '');
}

function tolerance(a: string, b: string): number {
  return Math.max(1, Math.floor(Math.max(a.length, b.length) / 3));
}

/** `ttl` for `ttlSeconds`: a fragment that fits exactly one candidate. */
function onlyContaining(fragment: string, candidates: readonly string[]): string | null {
  if (fragment.length < 3) return null;
  const containing = candidates.filter((candidate) => fold(candidate).includes(fragment));
  return containing.length === 1 ? (containing[0] ?? null) : null;
}

/** Optimal string alignment: insertions, deletions, replacements and swaps of neighbours each count 1. */
function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwap = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const choices = [
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (isSame ? 0 : 1),
        isSwap ? at(beforePrevious, column - 2) + 1 : Number.POSITIVE_INFINITY,
      ];
      current.push(Math.min(...choices));
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
