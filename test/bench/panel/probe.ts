// What runs inside the page: watches long tasks, layout shifts, frames, and when the screen is complete.

import type { BrowserContext, Page } from 'playwright-core';
import type { LayoutShift, LoadedFile, LongTask } from './figures.ts';

/** What the page has noted so far. Times count from the navigation. */
export interface Notes {
  longTasks: LongTask[];
  shifts: LayoutShift[];
  /** Since when the screen is complete; null = it is not. */
  contentMs: number | null;
  frameTimesMs: number[];
  nowMs: number;
}

declare global {
  interface Window {
    panelBench: Notes & { isWatchingFrames: boolean };
  }
}

/** Of every page of this context, from its very beginning. */
export async function installProbe(context: BrowserContext): Promise<void> {
  await context.addInitScript(watch);
}

/** Runs in the page, by itself: it can use nothing from here. */
function watch(): void {
  // What is fetched ahead is no part of a screen's own load.
  Reflect.set(window, 'requestIdleCallback', () => 0);
  const notes: Window['panelBench'] = {
    longTasks: [],
    shifts: [],
    contentMs: null,
    frameTimesMs: [],
    nowMs: 0,
    isWatchingFrames: false,
  };
  window.panelBench = notes;
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      notes.longTasks.push({ startMs: startTime, durationMs: duration });
  }).observe({ type: 'longtask', buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (Reflect.get(entry, 'hadRecentInput')) continue;
      notes.shifts.push({ atMs: entry.startTime, score: Number(Reflect.get(entry, 'value')) });
    }
  }).observe({ type: 'layout-shift', buffered: true });
  const look = () => {
    const isComplete = document.querySelector('h1') !== null && document.querySelector('.skeleton') === null;
    if (!isComplete) notes.contentMs = null;
    else notes.contentMs ??= performance.now();
  };
  const onFrame = (timeMs: number) => {
    if (notes.isWatchingFrames) notes.frameTimesMs.push(timeMs);
    requestAnimationFrame(onFrame);
  };
  requestAnimationFrame(onFrame);
  document.addEventListener('DOMContentLoaded', () => {
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true });
    look();
  });
}

export function notesOf(page: Page): Promise<Notes> {
  return page.evaluate(() => ({ ...window.panelBench, nowMs: performance.now() }));
}

/** Frames and tasks of what happens from here on. */
export async function watchFrames(page: Page): Promise<void> {
  await page.evaluate(() => {
    Object.assign(window.panelBench, { isWatchingFrames: true, frameTimesMs: [], longTasks: [] });
  });
}

/** Scripts and styles that came over the wire. */
export function loadedFiles(page: Page, extension: '.js' | '.css'): Promise<LoadedFile[]> {
  return page.evaluate((wanted) => {
    const entries = performance.getEntriesByType('resource');
    return entries
      .map((entry) => ({
        path: new URL(entry.name).pathname,
        bytes: Number(Reflect.get(entry, 'encodedBodySize')),
      }))
      .filter(({ path }) => path.endsWith(wanted));
  }, extension);
}
