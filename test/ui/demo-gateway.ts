// Boots the real gateway with its demo upstream as a process of its own, in a data dir that goes with it.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { History } from './seed-history.ts';

const ROOT = join(import.meta.dirname, '../..');
const START_TIMEOUT_MS = 90_000;

export interface DemoGateway {
  origin: string;
  /** Panel address with the one-time setup token in its fragment. */
  setupUrl: string;
  /** An API key that the demo printed for pasting into clients. */
  apiKey: string;
  stop(): Promise<void>;
}

export interface DemoOptions {
  /** False leaves the generator off, so that a test sees only its own requests. */
  withTraffic: boolean;
  /** A past in the request log; absent = the log is empty. */
  history?: History;
}

export async function bootDemoGateway({ withTraffic, history }: DemoOptions): Promise<DemoGateway> {
  const dataDir = mkdtempSync(join(tmpdir(), 'warmpath-panel-'));
  const removeData = () => rmSync(dataDir, { recursive: true, force: true });
  try {
    if (history) await makeHistory(dataDir, history);
  } catch (error) {
    removeData();
    throw error;
  }
  const port = await freePort();
  const args = ['server/main.ts', '--port', String(port), '--data-dir', dataDir];
  const child = spawn(bunPath(), withTraffic ? [...args, '--demo'] : args, {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const stop = async () => {
    await ended(child);
    removeData();
  };
  try {
    const output = await welcome(child);
    return { origin: `http://127.0.0.1:${port}`, ...readWelcome(output), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** In a process of its own: a test that runs under another runtime would need the database's thread of that one. */
function makeHistory(dataDir: string, { rows, days }: History): Promise<void> {
  const args = ['test/ui/seed-history.ts', dataDir, String(rows), String(days)];
  const child = spawn(bunPath(), args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`Cannot make a past: exit code ${code}`)),
    );
  });
}

function bunPath(): string {
  const fromNpm = join(ROOT, 'node_modules/.bin/bun');
  return existsSync(fromNpm) ? fromNpm : 'bun';
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/** What the gateway printed, once setup link and API key are in it. */
function welcome(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let output = '';
    const timer = setTimeout(
      () => reject(new Error(`Cannot boot the gateway in time:\n${output}`)),
      START_TIMEOUT_MS,
    );
    const read = (chunk: Buffer) => {
      output += chunk.toString();
      if (!/#setup=\S+/.test(output) || !/AUTH_TOKEN=\S+/.test(output)) return;
      clearTimeout(timer);
      resolve(output);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(new Error(`Cannot boot the gateway: exit code ${code}\n${output}`));
    });
  });
}

function readWelcome(output: string): { setupUrl: string; apiKey: string } {
  const setupUrl = /https?:\/\/\S+#setup=\S+/.exec(output)?.[0];
  const apiKey = /AUTH_TOKEN=(\S+)/.exec(output)?.[1];
  if (!setupUrl || !apiKey) throw new Error(`Cannot read what the gateway printed:\n${output}`);
  return { setupUrl, apiKey };
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}
