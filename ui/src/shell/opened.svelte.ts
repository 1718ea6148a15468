// What of the frame is open over the screen: the command palette or the list of keys.

interface Opened {
  what: 'palette' | 'keys' | null;
  /** What was typed while the palette was still being loaded; null = it is not. */
  typedAhead: string | null;
}

export const opened = $state<Opened>({ what: null, typedAhead: null });

export function openPalette(): void {
  opened.what = 'palette';
  opened.typedAhead = '';
}

export function closeOpened(): void {
  opened.what = null;
  opened.typedAhead = null;
}

/** The palette is here and has the keys from now on. */
export function takeTypedAhead(): string {
  const typed = opened.typedAhead ?? '';
  opened.typedAhead = null;
  return typed;
}
