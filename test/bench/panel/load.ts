// Loads one screen with a slowed-down processor and empty caches, and watches it until it has been quiet for a while.

import type { Page } from 'playwright-core';
import { interactiveMs, QUIET_MS, type ScreenLoad } from './figures.ts';
import { loadedFiles, type Notes, notesOf } from './probe.ts';

const LIMIT_MS = 45_000;
const LOOK_MS = 100;

export async function loadScreen(page: Page, path: string, slowdown: number): Promise<ScreenLoad> {
  const devTools = await page.context().newCDPSession(page);
  await devTools.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
  await page.goto(path, { waitUntil: 'commit' });
  const { contentMs, longTasks, shifts } = await quietNotes(page);
  const [scripts, styles] = [await loadedFiles(page, '.js'), await loadedFiles(page, '.css')];
  await devTools.detach();
  return {
    scripts,
    styleBytes: styles.reduce((sum, { bytes }) => sum + bytes, 0),
    contentMs,
    longTasks,
    shifts,
  };
}

async function quietNotes(page: Page): Promise<Notes> {
  for (;;) {
    await page.waitForTimeout(LOOK_MS);
    const notes = await notesOf(page);
    const readyMs = interactiveMs(notes);
    if (readyMs !== null && notes.nowMs > readyMs + QUIET_MS + LOOK_MS) return notes;
    if (notes.nowMs > LIMIT_MS) return notes;
  }
}
