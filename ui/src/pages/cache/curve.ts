// Geometry of the curves of the reservation: share held back over the load. Pure.

export interface CurvePoint {
  loadFactor: number;
  present: number;
  proposed: number;
}

export const BOX = { width: 100, height: 100 };
const STEPS = [0.1, 0.2, 0.25, 0.4, 0.5, 0.75, 1];

/** A round share above all that is drawn. */
export function topOf(shares: readonly number[]): number {
  const highest = Math.max(0, ...shares);
  return STEPS.find((step) => highest <= step) ?? 1;
}

/** SVG path of one of the two curves. */
export function curvePath(points: readonly CurvePoint[], which: 'present' | 'proposed', top: number): string {
  return points
    .map((point, index) => {
      const { x, y } = placeOf(point.loadFactor, point[which], top);
      return `${index === 0 ? 'M' : 'L'}${x} ${y}`;
    })
    .join('');
}

export function placeOf(loadFactor: number, share: number, top: number): { x: number; y: number } {
  return {
    x: round(loadFactor * BOX.width),
    y: round((1 - Math.min(1, share / top)) * BOX.height),
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
