// Where a chart's crosshair stands: which of its slices is under the pointer, or reached by a key.

/** Index of the slice under the pointer, of `count` slices of equal width. */
export function sliceUnder(event: PointerEvent & { currentTarget: HTMLElement }, count: number): number {
  const { left, width } = event.currentTarget.getBoundingClientRect();
  return within(Math.floor(((event.clientX - left) / width) * count), count);
}

/** Index that a key leads to from `at` (null = nowhere yet); null when the key moves nothing. */
export function sliceByKey(key: string, at: number | null, count: number): number | null {
  switch (key) {
    case 'ArrowLeft':
      return within((at ?? count) - 1, count);
    case 'ArrowRight':
      return within((at ?? -1) + 1, count);
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}

function within(index: number, count: number): number {
  return Math.min(Math.max(index, 0), count - 1);
}
