// Which sections of the details are folded; the next request opens with the same ones, also after a reload.

const STORAGE_KEY = 'warmpath.request.folds';

const chosen = $state<Record<string, boolean>>(stored());

export function isOpen(section: string, fallback: boolean): boolean {
  return chosen[section] ?? fallback;
}

export function setOpen(section: string, value: boolean): void {
  if (chosen[section] === value) return;
  chosen[section] = value;
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(chosen));
  } catch {
    // Storage may be blocked; the choice then lasts until the tab closes.
  }
}

function stored(): Record<string, boolean> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? '{}');
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(
      Object.entries(value).filter((entry): entry is [string, boolean] => typeof entry[1] === 'boolean'),
    );
  } catch {
    return {};
  }
}
