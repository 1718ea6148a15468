// Where something that floats beside its button goes: below it, or above it where there is more room; never over an edge. Pure.

export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export interface Size {
  width: number;
  height: number;
}

export type Align = 'start' | 'end';

export interface FloatPlace {
  left: number;
  top: number;
  /** What it may be high at most. */
  room: number;
}

const GAP_PX = 4;
const EDGE_PX = 8;

/** All in px of the window. `size` is what it would like to have. */
export function floatPlace(anchor: Box, size: Size, view: Size, align: Align): FloatPlace {
  const below = view.height - EDGE_PX - anchor.bottom - GAP_PX;
  const above = anchor.top - GAP_PX - EDGE_PX;
  const isAbove = size.height > below && above > below;
  const room = Math.max(0, isAbove ? above : below);
  const height = Math.min(size.height, room);
  const wanted = align === 'start' ? anchor.left : anchor.right - size.width;
  return {
    left: Math.max(EDGE_PX, Math.min(wanted, view.width - EDGE_PX - size.width)),
    top: isAbove ? anchor.top - GAP_PX - height : anchor.bottom + GAP_PX,
    room,
  };
}
