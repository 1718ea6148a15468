// What the command palette offers for what was typed. Pure.

export interface Command {
  /** Unique. */
  id: string;
  label: string;
  /** What kind of thing it is, in words. */
  hint: string;
  run: () => void;
}

/** Those whose label or kind has every typed word, the ones that begin with it first; at most `limit`. */
export function matching(commands: readonly Command[], typed: string, limit: number): Command[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const found = commands.filter(({ label, hint }) => {
    const text = `${label} ${hint}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  const first = words[0] ?? '';
  const rank = ({ label }: Command) => (label.toLowerCase().startsWith(first) ? 0 : 1);
  return found.sort((one, other) => rank(one) - rank(other)).slice(0, limit);
}
