// How long a gateway takes from its start to the first 200, with a database that is there already.

import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayProgram } from '../gateway-program.ts';
import { requestBytes } from './calls.ts';
import { startBenchGateway } from './targets.ts';

/** Milliseconds. */
export async function measureStart(program: GatewayProgram, upstreamPort: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'warmpath bench '));
  try {
    const first = await startBenchGateway({ folder, program, upstreamPort });
    await first.stop();
    const startedAtMs = performance.now();
    const second = await startBenchGateway({ folder, program, upstreamPort });
    await firstSuccess(second.port);
    const elapsedMs = performance.now() - startedAtMs;
    await second.stop();
    return elapsedMs;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The gateway listens by now: one request is enough. */
function firstSuccess(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(requestBytes({ dialect: 'anthropic', bytes: 1_000, isStreamed: false }, 0));
    });
    socket.once('data', (bytes) => {
      const status = bytes.toString('latin1', 9, 12);
      socket.destroy();
      if (status === '200') resolve();
      else reject(new Error(`Cannot time the start: the first request got ${status}`));
    });
    socket.once('error', reject);
  });
}
