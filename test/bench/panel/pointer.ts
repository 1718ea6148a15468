// Moves the pointer over the points of the TTL screen and watches the frames.

import type { Page } from 'playwright-core';
import { whenSettled } from '../../ui/visit.ts';
import { type Motion, motionOf } from './figures.ts';
import { notesOf, watchFrames } from './probe.ts';

const MOVES = 300;
const DRAWN_WITHIN_MS = 10_000;

/** Null = the screen draws no points. */
export async function movePointer(page: Page): Promise<Motion | null> {
  await page.goto('/ttl');
  await whenSettled(page);
  const canvas = page.locator('canvas').first();
  const isDrawn = await canvas.waitFor({ timeout: DRAWN_WITHIN_MS }).then(
    () => true,
    () => false,
  );
  if (!isDrawn) return null;
  await canvas.scrollIntoViewIfNeeded();
  const box = await canvas.boundingBox();
  if (!box) return null;
  await watchFrames(page);
  for (let move = 0; move < MOVES; move += 1) {
    const along = move / MOVES;
    await page.mouse.move(
      box.x + box.width * (0.05 + 0.9 * along),
      box.y + box.height * (0.5 + 0.4 * Math.sin(along * 40)),
    );
  }
  const { frameTimesMs, longTasks } = await notesOf(page);
  return motionOf(frameTimesMs, longTasks);
}
