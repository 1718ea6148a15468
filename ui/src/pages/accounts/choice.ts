// Which accounts are ticked: how much of a group, and what lies between two of them. Pure.

export type ChosenShare = 'none' | 'some' | 'all';

export function chosenShare(ids: readonly string[], chosen: ReadonlySet<string>): ChosenShare {
  const count = ids.filter((id) => chosen.has(id)).length;
  if (count === 0) return 'none';
  return count === ids.length ? 'all' : 'some';
}

/** From one to the other as they are shown, whichever is first; the other alone when the one is not shown. */
export function idsBetween(shown: readonly string[], one: string | null, other: string): readonly string[] {
  const from = one === null ? -1 : shown.indexOf(one);
  const to = shown.indexOf(other);
  if (from < 0 || to < 0) return [other];
  return shown.slice(Math.min(from, to), Math.max(from, to) + 1);
}
