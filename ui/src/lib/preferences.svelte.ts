// The reader's theme. theme.js has set it before the first paint; here it follows clicks and the system.

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const STORAGE_KEY = 'warmpath.theme';
const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

let chosen = $state<Theme>(storedTheme());
let shown = $state<'light' | 'dark'>(resolve(storedTheme()));

export const theme = {
  get chosen(): Theme {
    return chosen;
  },
  /** What is on the screen; charts redraw when it changes. */
  get shown(): 'light' | 'dark' {
    return shown;
  },
};

export function setTheme(next: Theme): void {
  chosen = next;
  try {
    localStorage.setItem(STORAGE_KEY, next);
  } catch {
    // Storage may be blocked; the choice then lasts until the tab closes.
  }
  show();
}

systemIsDark.addEventListener('change', show);

function show(): void {
  shown = resolve(chosen);
  document.documentElement.dataset.theme = shown;
}

function resolve(wanted: Theme): 'light' | 'dark' {
  if (wanted !== 'system') return wanted;
  return systemIsDark.matches ? 'dark' : 'light';
}

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(STORAGE_KEY);
    return THEMES.find((name) => name === stored) ?? 'system';
  } catch {
    return 'system';
  }
}
