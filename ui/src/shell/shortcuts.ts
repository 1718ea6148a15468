// Keys that work on every screen: which key means what. Pure; the listener is in Shortcuts.svelte.

/** What was pressed, as far as it matters. */
export interface Press {
  key: string;
  hasModifier: boolean;
  isCommand: boolean;
  /** The focus is where people type. */
  isTyping: boolean;
}

export type Shortcut =
  | { kind: 'palette' }
  | { kind: 'help' }
  | { kind: 'search' }
  | { kind: 'await-letter' }
  | { kind: 'go'; letter: string };

/** After `g` the letter must come within this time. */
export const LETTER_WITHIN_MS = 1500;

/** Null when the press is none of ours. `awaitsLetter`: `g` was pressed just before. */
export function shortcutOf(press: Press, awaitsLetter: boolean): Shortcut | null {
  if (press.isCommand && press.key.toLowerCase() === 'k') return { kind: 'palette' };
  if (press.hasModifier || press.isTyping) return null;
  if (awaitsLetter && /^[a-z]$/.test(press.key)) return { kind: 'go', letter: press.key };
  switch (press.key) {
    case '?':
      return { kind: 'help' };
    case '/':
      return { kind: 'search' };
    case 'g':
      return { kind: 'await-letter' };
    default:
      return null;
  }
}
