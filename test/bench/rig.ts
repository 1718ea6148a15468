// A whole gateway on loopback for the benches: real sockets, real SQLite, the clock and upstream it is given.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../server/app.ts';
import { repeat, systemClock } from '../../server/boot/clock.ts';
import { createGateway } from '../../server/boot/gateway.ts';
import { applyConfig, openWorkspace, type Workspace } from '../../server/boot/workspace.ts';
import type { ConfigFile } from '../../server/config/schema.ts';
import type { Clock, Fetch } from '../../server/gateway/ports.ts';
import { listen } from '../../server/serve.ts';
import { upstreamOfFetch } from '../../server/upstream/fetch-upstream.ts';

export interface Rig {
  url: string;
  log: Workspace['storage']['log'];
  stop(): Promise<void>;
}

const WORKER_ENTRY = new URL('../../server/storage/sqlite-worker.ts', import.meta.url);
const SWEEP_MS = 5_000;

/** The data directory is temporary and removed by `stop`. */
export async function startRig(options: { config: ConfigFile; clock: Clock; fetch: Fetch }): Promise<Rig> {
  const { clock } = options;
  const dataDir = mkdtempSync(join(tmpdir(), 'warmpath bench '));
  // The log's batches are a matter of the disk: they keep real time.
  const workspace = await openWorkspace({
    dataDir,
    masterKey: 'a master key of the bench only',
    entry: WORKER_ENTRY,
    clock: systemClock,
  });
  await applyConfig(options.config, workspace);
  const gateway = createGateway(workspace, { clock, upstream: upstreamOfFetch(options.fetch) });
  const notFound = () => new Response(null, { status: 404 });
  const app = createApp({
    gateway,
    admin: { fetch: async () => notFound() },
    panel: () => null,
    isReady: () => true,
  });
  const listener = await listen(app, { host: '127.0.0.1', port: 0 });
  const stopSweep = repeat(clock, SWEEP_MS, () => gateway.affinity.sweep());
  return {
    url: `http://127.0.0.1:${listener.port}`,
    log: workspace.storage.log,
    async stop() {
      stopSweep();
      await listener.stop(1_000);
      await gateway.affinity.save(workspace.storage.bindings);
      await workspace.storage.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
