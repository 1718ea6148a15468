// Where a key leads in a list of actions. Pure.

interface MenuState {
  /** The entry that has the focus; -1 = none yet. */
  at: number;
  labels: readonly string[];
}

/** The index to go to; null = the key is none of the list's. A letter goes to the next entry that begins with it. */
export function menuStep(key: string, { at, labels }: MenuState): number | null {
  const last = labels.length - 1;
  switch (key) {
    case 'ArrowDown':
      return at >= last ? 0 : at + 1;
    case 'ArrowUp':
      return at <= 0 ? last : at - 1;
    case 'Home':
      return 0;
    case 'End':
      return last;
    default:
      return [...key].length === 1 && key !== ' ' ? nextWith(key.toLowerCase(), { at, labels }) : null;
  }
}

function nextWith(letter: string, { at, labels }: MenuState): number | null {
  const order = labels.map((_, index) => (at + 1 + index) % labels.length);
  return order.find((index) => labels[index]?.toLowerCase().startsWith(letter)) ?? null;
}
