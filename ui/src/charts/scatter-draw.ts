// Draws a scatter chart on canvases: the frame and the points once, the crosshair on a canvas of its own.

import { GAP_TICKS, gapShare, MAX_GAP_MINUTES } from './scatter-axis.ts';
import type { Places, ScatterPoints } from './scatter-points.ts';
import type { TimeTick } from './scatter-ticks.ts';
import type { TimeSpan } from './scatter-time.ts';
import { type ChartTone, TONE_VARIABLES } from './tones.ts';

/** Colours as the theme has them now. */
export interface Ink {
  line: string;
  text: string;
  strong: string;
  accent: string;
  ground: string;
  font: string;
  tones: readonly string[];
}

export interface Size {
  widthPx: number;
  heightPx: number;
}

/** Room around the plot, for the texts of the axes. */
export const INSET = { left: 54, right: 10, top: 8, bottom: 22 };

const POINT_PX = 4;
const POINT_ALPHA = 0.65;
const FONT_PX = 11;
const WAVE_PX = 6;
const TEXT_GAP_PX = 6;

export function inkOf(element: Element, tones: readonly ChartTone[]): Ink {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  return {
    line: colour('--line'),
    text: colour('--ink-3'),
    strong: colour('--ink-2'),
    accent: colour('--accent'),
    ground: colour('--raised'),
    font: `${FONT_PX}px ${style.fontFamily}`,
    tones: tones.map((tone) => colour(TONE_VARIABLES[tone])),
  };
}

export function plotSize({ widthPx, heightPx }: Size): Size {
  return {
    widthPx: Math.max(1, widthPx - INSET.left - INSET.right),
    heightPx: Math.max(1, heightPx - INSET.top - INSET.bottom),
  };
}

/** A blank canvas in pixels of the device, with the origin at the corner of the plot. */
export function openCanvas(
  canvas: HTMLCanvasElement,
  { widthPx, heightPx }: Size,
): CanvasRenderingContext2D | null {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [Math.round(widthPx * ratio), Math.round(heightPx * ratio)];
  // Setting a size, even the same, would make the canvas anew.
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.setTransform(ratio, 0, 0, ratio, INSET.left * ratio, INSET.top * ratio);
  return context;
}

export interface Frame {
  size: Size;
  ink: Ink;
  /** Text of the highest level, with the unit. */
  topText: string;
  spans: readonly TimeSpan[];
  ticks: readonly (TimeTick & { text: string })[];
  /** Lifetimes drawn as dashed lines. */
  lines: readonly { minutes: number; text: string }[];
  /** How long a fold is, in words. */
  foldText: (span: TimeSpan) => string;
}

export function drawFrame(context: CanvasRenderingContext2D, frame: Frame): void {
  context.font = frame.ink.font;
  context.lineWidth = 1;
  drawGapAxis(context, frame);
  drawTimeAxis(context, frame);
  drawFolds(context, frame);
}

function drawGapAxis(context: CanvasRenderingContext2D, { size, ink, topText }: Frame): void {
  context.textAlign = 'right';
  context.textBaseline = 'middle';
  for (const minutes of GAP_TICKS) {
    const y = crisp((1 - gapShare(minutes)) * size.heightPx);
    context.strokeStyle = ink.line;
    line(context, [0, y], [size.widthPx, y]);
    context.fillStyle = ink.text;
    context.fillText(minutes === MAX_GAP_MINUTES ? topText : String(minutes), -8, y);
  }
}

function drawTimeAxis(context: CanvasRenderingContext2D, { size, ink, ticks }: Frame): void {
  context.textBaseline = 'top';
  context.textAlign = 'center';
  context.strokeStyle = ink.line;
  context.fillStyle = ink.text;
  let freeFromPx = 0;
  for (const { px, text } of ticks) {
    line(context, [crisp(px), size.heightPx], [crisp(px), size.heightPx + 4]);
    const half = context.measureText(text).width / 2;
    // The texts at both ends stay inside, which may leave no room for one beside them.
    const middle = Math.min(size.widthPx - half, Math.max(half, px));
    if (middle - half < freeFromPx) continue;
    freeFromPx = middle + half + TEXT_GAP_PX;
    context.fillText(text, middle, size.heightPx + 7);
  }
}

function drawFolds(context: CanvasRenderingContext2D, { size, ink, spans, foldText }: Frame): void {
  context.textAlign = 'center';
  context.textBaseline = 'top';
  let freeFromPx = 0;
  for (const span of spans) {
    if (!span.isFold) continue;
    const middle = (span.fromPx + span.toPx) / 2;
    const width = span.toPx - span.fromPx;
    context.strokeStyle = ink.text;
    context.globalAlpha = 0.55;
    for (const x of width >= WAVE_PX ? [middle - 2, middle + 2] : [middle])
      wave(context, x, size.heightPx, width);
    context.globalAlpha = 1;
    const text = foldText(span);
    const half = context.measureText(text).width / 2;
    if (middle - half < freeFromPx || middle + half > size.widthPx) continue;
    freeFromPx = middle + half + TEXT_GAP_PX;
    context.fillStyle = ink.text;
    context.fillText(text, middle, 2);
  }
}

function wave(context: CanvasRenderingContext2D, x: number, heightPx: number, widthPx: number): void {
  const reach = Math.min(3, widthPx / 4);
  context.beginPath();
  context.moveTo(x, 16);
  for (let y = 16, side = 1; y < heightPx; y += WAVE_PX, side = -side) {
    context.quadraticCurveTo(x + reach * side, y + WAVE_PX / 2, x, Math.min(heightPx, y + WAVE_PX));
  }
  context.stroke();
}

/** After the points, so that the lines are seen. */
export function drawLines(context: CanvasRenderingContext2D, { size, ink, lines }: Frame): void {
  context.font = ink.font;
  context.textAlign = 'right';
  context.textBaseline = 'bottom';
  context.setLineDash([5, 4]);
  for (const { minutes, text } of lines) {
    const y = crisp((1 - gapShare(minutes)) * size.heightPx);
    context.strokeStyle = ink.strong;
    line(context, [0, y], [size.widthPx, y]);
    const width = context.measureText(text).width + 6;
    context.globalAlpha = 0.85;
    context.fillStyle = ink.ground;
    context.fillRect(size.widthPx - width, y - FONT_PX - 4, width, FONT_PX + 3);
    context.globalAlpha = 1;
    context.fillStyle = ink.strong;
    context.fillText(text, size.widthPx - 3, y - 2);
  }
  context.setLineDash([]);
}

/** One colour at a time, as changing it is what costs. */
export function drawPoints(
  context: CanvasRenderingContext2D,
  { group }: ScatterPoints,
  { places, ink, isShown }: { places: Places; ink: Ink; isShown: (group: number) => boolean },
): void {
  const byGroup = pointsByGroup(group, ink.tones.length);
  context.globalAlpha = POINT_ALPHA;
  for (const [index, own] of byGroup.entries()) {
    if (!isShown(index)) continue;
    context.fillStyle = ink.tones[index] ?? ink.text;
    for (const point of own) {
      const x = (places.xPx[point] ?? 0) - POINT_PX / 2;
      context.fillRect(x, (places.yPx[point] ?? 0) - POINT_PX / 2, POINT_PX, POINT_PX);
    }
  }
  context.globalAlpha = 1;
}

function pointsByGroup(group: Uint16Array, count: number): number[][] {
  const byGroup: number[][] = Array.from({ length: count }, () => []);
  for (let point = 0; point < group.length; point += 1) byGroup[group[point] ?? 0]?.push(point);
  return byGroup;
}

export interface Cross {
  minutes: number;
  /** Text at the line's left end. */
  text: string;
  /** The point under the pointer. */
  at: { x: number; y: number } | null;
}

export function drawCross(
  context: CanvasRenderingContext2D,
  { minutes, text, at }: Cross,
  { size, ink }: { size: Size; ink: Ink },
): void {
  const y = crisp((1 - gapShare(minutes)) * size.heightPx);
  context.strokeStyle = ink.accent;
  context.lineWidth = 1;
  line(context, [0, y], [size.widthPx, y]);
  if (at) ring(context, at);
  context.font = ink.font;
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  const width = context.measureText(text).width + 12;
  // Above the line, or below it at the top.
  const top = y < 24 ? y + 4 : y - 22;
  context.fillStyle = ink.ground;
  context.beginPath();
  context.roundRect(4, top, width, 18, 4);
  context.fill();
  context.stroke();
  context.fillStyle = ink.accent;
  context.fillText(text, 10, top + 9.5);
}

function ring(context: CanvasRenderingContext2D, { x, y }: { x: number; y: number }): void {
  context.lineWidth = 2;
  context.beginPath();
  context.arc(x, y, 5, 0, 2 * Math.PI);
  context.stroke();
  context.lineWidth = 1;
}

function line(
  context: CanvasRenderingContext2D,
  [fromX, fromY]: readonly [number, number],
  [toX, toY]: readonly [number, number],
): void {
  context.beginPath();
  context.moveTo(fromX, fromY);
  context.lineTo(toX, toY);
  context.stroke();
}

/** A line of one pixel is sharp between two pixels. */
function crisp(px: number): number {
  return Math.round(px) + 0.5;
}
