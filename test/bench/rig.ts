// A whole gateway on loopback for the benches: real sockets, real SQLite, the clock and upstream it is given.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApp } from '../../server/app.ts';
import { repeat, systemClock } from '../../server/boot/clock.ts';
import { createGateway } from '../../server/boot/gateway.ts';
import { applyConfig, openWorkspace, type Workspace } from '../../server/boot/workspace.ts';
import type { ConfigFile } from '../../server/config/schema.ts';
import type { GatewayParts } from '../../server/gateway/parts.ts';
import type { Clock, Settings } from '../../server/gateway/ports.ts';
import type { Upstream } from '../../server/gateway/upstream.ts';
import { listen } from '../../server/serve.ts';

export interface RigOptions {
  config: ConfigFile;
  clock: Clock;
  upstream: Upstream;
  /** Changes settings that the configuration does not tell. */
  settings?(configured: Settings): Settings;
  /** Puts a test double in the place of a part. */
  parts?(parts: GatewayParts): GatewayParts;
}

export interface Rig {
  port: number;
  log: Workspace['storage']['log'];
  live: GatewayParts['live'];
  stop(): Promise<void>;
}

const WORKER_ENTRY = new URL('../../server/storage/sqlite-worker.ts', import.meta.url);
const SWEEP_MS = 5_000;

/** The data directory is temporary and removed by `stop`. */
export async function startRig(options: RigOptions): Promise<Rig> {
  const { clock, upstream } = options;
  const dataDir = mkdtempSync(join(tmpdir(), 'warmpath bench '));
  // The log's batches are a matter of the disk: they keep real time.
  const workspace = await openWorkspace({
    dataDir,
    masterKey: 'a master key of the bench only',
    entry: WORKER_ENTRY,
    clock: systemClock,
  });
  await applyConfig(options.config, workspace);
  await changeSettings(workspace, options.settings);
  const created = createGateway(workspace, { clock, upstream });
  const gateway = options.parts?.(created) ?? created;
  const notFound = () => new Response(null, { status: 404 });
  const app = createApp({
    gateway,
    admin: { fetch: async () => notFound() },
    rest: { fetch: () => null },
    panel: () => null,
    metrics: async () => notFound(),
    whyNotReady: () => null,
  });
  const listener = await listen(app, { host: '127.0.0.1', port: 0 });
  const stopSweep = repeat(clock, SWEEP_MS, () => gateway.affinity.sweep());
  return {
    port: listener.port,
    log: workspace.storage.log,
    live: gateway.live,
    async stop() {
      stopSweep();
      await listener.stop(1_000);
      await gateway.affinity.save(workspace.storage.bindings);
      await workspace.storage.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

async function changeSettings(
  { catalog }: Workspace,
  change: ((configured: Settings) => Settings) | undefined,
): Promise<void> {
  if (change) await catalog.apply([{ kind: 'put-settings', row: change(catalog.current.rows.settings) }]);
}
