// Measures the built panel in a real browser against a gateway with a past: bytes, time until use, smoothness.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PATHS } from '../../ui/checklist.ts';
import { type Motion, type ScreenFigures, type ScreenLoad, screenFigures } from './figures.ts';
import { loadScreen } from './load.ts';
import { HELP, type Options, parseOptions } from './options.ts';
import { movePointer } from './pointer.ts';
import { motionTable, screenTable } from './report.ts';
import { type ScrollFigures, scrollRequests } from './scroll.ts';
import { openStage, type Stage } from './stage.ts';

const PANEL = join(import.meta.dirname, '../../../server/panel/assets.js');
const SCROLL_LIMIT_MS = 150_000;

try {
  const options = parseOptions(process.argv.slice(2));
  if (options) await run(options);
  else console.log(HELP);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}

async function run(options: Options): Promise<void> {
  if (!existsSync(PANEL)) throw new Error('Cannot measure the panel: it is not built, run npm run build');
  const { rows, days, rounds, slowdown, only } = options;
  const stage = await openStage({ rows, days });
  try {
    console.log(
      `Chromium ${stage.browserVersion}; ${rows} requests over ${days} days; ${rounds} round(s); processor slowed down ${slowdown} times while screens load\n`,
    );
    const screens = only.has('load') ? await loadAll(stage, options) : [];
    if (only.has('load')) console.log(`${screenTable(screens)}\n`);
    const motion = await moveAll(stage, options);
    if (only.has('scroll') || only.has('pointer')) console.log(motionTable(motion));
    const all = { browser: stage.browserVersion, rows, days, rounds, slowdown, screens, ...motion };
    if (options.jsonFile !== null) writeFileSync(options.jsonFile, `${JSON.stringify(all, null, 2)}\n`);
  } finally {
    await stage.stop();
  }
}

/** Rounds go through all screens, so that a busy minute of the machine does not hit one alone. */
async function loadAll(stage: Stage, { find, rounds, slowdown }: Options): Promise<ScreenFigures[]> {
  const paths = PATHS.filter((path) => path.includes(find));
  const loads = new Map(paths.map((path): [string, ScreenLoad[]] => [path, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [path, seen] of loads) {
      seen.push(await stage.withPage((page) => loadScreen(page, path, slowdown)));
    }
  }
  return screenFigures(loads);
}

async function moveAll(
  stage: Stage,
  { rows, only }: Options,
): Promise<{ scroll: ScrollFigures | null; pointer: Motion | null }> {
  return {
    scroll: only.has('scroll')
      ? await stage.withPage((page) => scrollRequests(page, { rows, limitMs: SCROLL_LIMIT_MS }))
      : null,
    pointer: only.has('pointer') ? await stage.withPage(movePointer) : null,
  };
}
