// Opens a log of the bench with the admin API over it, at the time of its newest row.

import { systemClock } from '../../../server/boot/clock.ts';
import type { Workspace } from '../../../server/boot/workspace.ts';
import { type Desk, openDesk } from './ask.ts';
import { type LogFile, openLogWorkspace } from './log-file.ts';

/** A log that was made yesterday is not asked for a last hour without rows. */
export async function withDesk(
  { dataDir, about }: LogFile,
  act: (desk: Desk, workspace: Workspace) => Promise<void>,
): Promise<void> {
  const aheadMs = about.lastMs - Date.now();
  const workspace = await openLogWorkspace(dataDir, { ...systemClock, nowMs: () => Date.now() + aheadMs });
  try {
    await act(await openDesk(workspace), workspace);
  } finally {
    await workspace.storage.close();
  }
}
