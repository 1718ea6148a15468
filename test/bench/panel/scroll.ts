// Scrolls the Requests list down with a key held, at several numbers of rows held, until it holds the whole log.

import type { Page } from 'playwright-core';
import { type Motion, motionOf } from './figures.ts';
import { notesOf, watchFrames } from './probe.ts';

export interface Stretch extends Motion {
  /** That lie above what was last in sight: all of them are held. */
  rowsHeld: number;
  /** Elements of rows, at most at a time. */
  rowsInPage: number;
  /** Bytes of the page's JavaScript objects, after what is no longer used is gone. */
  heapBytes: number;
}

export interface ScrollFigures {
  /** Scrolled a screenful a frame, each up to a number of rows held. */
  stretches: Stretch[];
  /** From the list's first page until it holds them all. */
  seconds: number;
}

interface ScrollOptions {
  rows: number;
  limitMs: number;
}

/** Shares of all rows at which a stretch ends. */
const SHARES = [0.1, 0.5, 1];
const STRETCH_ROWS = 3_000;
/** No more comes when the list has stood at its end for so long. */
const STILL_MS = 4_000;

/** Null = there is no list that scrolls. */
export async function scrollRequests(page: Page, options: ScrollOptions): Promise<ScrollFigures | null> {
  await page.goto('/requests');
  await page.locator('[role="row"] a:visible').first().waitFor();
  const startedAtMs = performance.now();
  const endMs = startedAtMs + options.limitMs;
  const stretches: Stretch[] = [];
  for (const share of SHARES) {
    const toRow = Math.round(options.rows * share);
    const go = (step: Step) =>
      page.evaluate(scrollDown, { ...step, stillMs: STILL_MS, limitMs: endMs - performance.now() });
    // To the end of what is there, again and again: reading the log is not what is measured here.
    await go({ toRow: toRow - STRETCH_ROWS, screens: Infinity });
    await watchFrames(page);
    const reached = await go({ toRow, screens: 0.9 });
    if (!reached) return null;
    const { frameTimesMs, longTasks } = await notesOf(page);
    stretches.push({ ...motionOf(frameTimesMs, longTasks), ...reached, heapBytes: await heapBytes(page) });
  }
  return { stretches, seconds: (performance.now() - startedAtMs) / 1000 };
}

async function heapBytes(page: Page): Promise<number> {
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('HeapProfiler.collectGarbage');
  const { usedSize } = await devTools.send('Runtime.getHeapUsage');
  await devTools.detach();
  return usedSize;
}

interface Step {
  /** Counted from 1. */
  toRow: number;
  /** Scrolled each frame. */
  screens: number;
}

/** Runs in the page, by itself. */
async function scrollDown({
  toRow,
  screens,
  limitMs,
  stillMs,
}: Step & { limitMs: number; stillMs: number }): Promise<{ rowsHeld: number; rowsInPage: number } | null> {
  const rows = () => [...document.querySelectorAll('[role="row"][aria-rowindex]:has(a)')];
  let box: Element | null = rows()[0] ?? null;
  while (
    box &&
    !(box.scrollHeight > box.clientHeight + 40 && /auto|scroll/.test(getComputedStyle(box).overflowY))
  ) {
    box = box.parentElement;
  }
  if (!box) return null;
  const endMs = performance.now() + limitMs;
  let rowsInPage = 0;
  let rowsHeld = 0;
  let grownAtMs = performance.now();
  for (let nowMs = grownAtMs; nowMs < endMs && nowMs - grownAtMs < stillMs && rowsHeld < toRow; ) {
    box.scrollTop += Math.min(box.scrollHeight, box.clientHeight * screens);
    nowMs = await new Promise<number>(requestAnimationFrame);
    const seen = rows();
    // The head is the first row.
    const held = Math.max(...seen.map((row) => Number(row.getAttribute('aria-rowindex')) - 1));
    if (held > rowsHeld) grownAtMs = nowMs;
    rowsHeld = Math.max(rowsHeld, held);
    rowsInPage = Math.max(rowsInPage, seen.length);
  }
  return { rowsHeld, rowsInPage };
}
