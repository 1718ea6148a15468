// Short reports of what was done, read out politely by screen readers.

export interface Toast {
  id: number;
  kind: 'done' | 'failed';
  text: string;
}

const SHOWN_MS = 6000;
const MAX_TOASTS = 4;

const toasts = $state<Toast[]>([]);
let lastId = 0;

export function shownToasts(): readonly Toast[] {
  return toasts;
}

export function report(text: string, kind: Toast['kind'] = 'done'): void {
  lastId += 1;
  const id = lastId;
  toasts.push({ id, kind, text });
  if (toasts.length > MAX_TOASTS) toasts.shift();
  setTimeout(() => dismiss(id), SHOWN_MS);
}

export function dismiss(id: number): void {
  const index = toasts.findIndex((toast) => toast.id === id);
  if (index >= 0) toasts.splice(index, 1);
}
