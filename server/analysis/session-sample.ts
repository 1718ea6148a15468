// How many sessions to draw, and what those drawn say about all sessions, with the error of it. Pure.
//
// Each session is drawn or not by itself, with a chance p that grows with the root of its requests: cost follows the number
// of requests, and so does the work of reading them, for which that is the best allocation. With, for a session,
//   y = what is asked about, 0 where the session has none of it     x = its requests     w = 1 / p
// and X = the requests of all sessions, a total is estimated by the ratio estimator, not by expansion (sum(w * y)):
//   total = X * sum(w * y) / sum(w * x)
//   variance = (X / sum(w * x))^2 * n / (n - 1) * sum((1 - p) * (w * (y - R * x))^2), R = sum(w * y) / sum(w * x)
// (Sarndal, Swensson and Wretman, Model Assisted Survey Sampling, 1992, sections 3.5 and 5.6, for Poisson sampling.) Its
// bias falls as 1 / n and is small against its error. All totals of one sample have the same weights, so those of groups add
// up to that of all.

import type { SessionSample } from '../gateway/log-queries.ts';

/** Draws are whole numbers below this. */
const DRAWS = 65_536;
/** Chances go in fourths of a doubling, so that the same sessions are drawn while traffic grows a little. */
const STEPS_PER_DOUBLING = 4;
/** Of a normal distribution: 95 % lie within so many standard errors. */
const Z_95 = 1.96;

/** Sessions of nearly the same size: from 2^k requests to less than twice as many. */
export interface SizeClass {
  k: number;
  sessions: number;
  requests: number;
}

export const MAX_SIZE_CLASS = 20;

export function sizeClassOf(requests: number): number {
  return Math.min(MAX_SIZE_CLASS, 31 - Math.clz32(Math.max(1, requests)));
}

/** By size class: a session is drawn if its draw is less than this, for about `requests` requests in all. */
export function drawLimits(classes: readonly SizeClass[], requests: number): number[] {
  const chance = (k: number, step: number) => Math.min(1, 2 ** (k / 2 - step / STEPS_PER_DOUBLING));
  const requestsAt = (step: number) => sumOf(classes, (one) => one.requests * chance(one.k, step));
  let step = 0;
  while (requestsAt(step) > requests) step += 1;
  return Array.from({ length: MAX_SIZE_CLASS + 1 }, (_, k) => Math.ceil(DRAWS * chance(k, step)));
}

export function chanceOf(requests: number, limits: readonly number[]): number {
  return (limits[sizeClassOf(requests)] ?? DRAWS) / DRAWS;
}

export interface Estimate {
  value: number;
  /** Half of the 95 % confidence interval; null where everything was counted. */
  plusMinus: number | null;
}

/** Of the total over all sessions, from what it is in each drawn one; sessions left out have none. */
export function estimatedTotal(sample: SessionSample, ofSessions: ReadonlyMap<string, number>): Estimate {
  const points = [...sample.drawn].map(([id, { requests, chance }]) => ({
    y: ofSessions.get(id) ?? 0,
    z: requests,
    chance,
  }));
  if (isWhole(sample)) return { value: sumOf(points, ({ y }) => y), plusMinus: null };
  return scaled(estimatedRatio(points, ofSessions.size), sample.requests);
}

/** Of the sum of y per one of z, from both in each drawn session: only sessions that have any z tell about it. */
export function estimatedRate(
  sample: SessionSample,
  ofSessions: ReadonlyMap<string, { y: number; z: number }>,
): Estimate {
  const points = [...ofSessions].map(([id, own]) => ({ ...own, chance: sample.drawn.get(id)?.chance ?? 1 }));
  const { value, plusMinus } = estimatedRatio(points, points.length);
  return { value, plusMinus: isWhole(sample) ? null : plusMinus };
}

function isWhole({ sessions, drawn }: SessionSample): boolean {
  return drawn.size >= sessions;
}

interface Point {
  y: number;
  z: number;
  chance: number;
}

/** `known`: sessions that had any; one tells nothing about how sessions differ, and may be off by as much as it is. */
function estimatedRatio(points: readonly Point[], known: number): { value: number; plusMinus: number } {
  const units = sumOf(points, ({ z, chance }) => z / chance);
  const value = sumOf(points, ({ y, chance }) => y / chance) / units;
  const squares = sumOf(points, ({ y, z, chance }) => (1 - chance) * ((y - value * z) / chance) ** 2);
  const halfWidth = (Z_95 * Math.sqrt((points.length / Math.max(1, points.length - 1)) * squares)) / units;
  return { value, plusMinus: known < 2 ? Math.max(Math.abs(value), halfWidth) : halfWidth };
}

function scaled({ value, plusMinus }: { value: number; plusMinus: number }, factor: number): Estimate {
  return { value: value * factor, plusMinus: plusMinus * factor };
}

function sumOf<Value>(values: readonly Value[], read: (value: Value) => number): number {
  return values.reduce((sum, value) => sum + read(value), 0);
}
