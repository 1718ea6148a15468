// The program as a process of its own, on any of the runtimes or as the binary, with a data directory of its own.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { eventually } from './poll.ts';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const MAIN = join(ROOT, 'server', 'main.ts');
const BINARY = join(ROOT, 'dist', 'warmpath');
const START_DEADLINE_MS = 60_000;
const EXIT_DEADLINE_MS = 60_000;

export const ADMIN_TOKEN = 'admin-token-of-the-process-tests';

/** How the program is started. */
export interface Launcher {
  name: string;
  command: string;
  args: readonly string[];
  /** Why it cannot be started here; null when it can. */
  missing: string | null;
}

const BUN = runtime('bun', [MAIN]);
export const LAUNCHERS: readonly Launcher[] = [
  BUN,
  runtime('deno', ['run', '-A', '--no-check', MAIN]),
  runtime('node', [MAIN]),
  {
    name: 'binary',
    command: BINARY,
    args: [],
    missing: existsSync(BINARY) ? null : 'dist/warmpath is not built',
  },
];

/** Why the tests that start processes leave out this runtime; false under Node. */
export const SKIP_REASON: string | false =
  'Bun' in globalThis || 'Deno' in globalThis
    ? 'starts the program on every runtime itself: once, from the Node run, is enough'
    : false;

export interface ProcessOptions {
  launcher?: Launcher;
  env?: Readonly<Record<string, string>>;
}

export interface StartOptions extends ProcessOptions {
  /** An existing one is used and left where it is; without it a new one is made and removed at the end. */
  dataDir?: string;
  /** A configuration file. */
  config?: string;
  args?: readonly string[];
}

/** A gateway that listens. */
export class GatewayProcess {
  readonly dataDir: string;
  readonly origin: string;
  readonly #output: Output;
  readonly #ownsDataDir: boolean;

  private constructor(output: Output, options: { dataDir: string; origin: string; ownsDataDir: boolean }) {
    this.#output = output;
    this.dataDir = options.dataDir;
    this.origin = options.origin;
    this.#ownsDataDir = options.ownsDataDir;
  }

  static async start(options: StartOptions = {}): Promise<GatewayProcess> {
    const dataDir = options.dataDir ?? (await temporaryFolder());
    const config = options.config === undefined ? [] : ['--config', options.config];
    const args = ['serve', '--port', '0', '--data-dir', dataDir, ...config, ...(options.args ?? [])];
    const env = { WARMPATH_ADMIN_TOKEN: ADMIN_TOKEN, ...options.env };
    const output = launch(args, { ...options, env });
    const ask = () => {
      if (output.exitCode !== null || output.hasFailed) {
        throw new Error(
          `Cannot start the gateway: exit ${output.exitCode}\n${output.stdout}\n${output.stderr}`,
        );
      }
      return /listens on (http:\S+)/.exec(output.stdout)?.[1] ?? null;
    };
    try {
      const origin = await eventually('the printed address', ask, { deadlineMs: START_DEADLINE_MS });
      return new GatewayProcess(output, { dataDir, origin, ownsDataDir: options.dataDir === undefined });
    } catch (error) {
      output.child.kill('SIGKILL');
      if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true });
      throw error;
    }
  }

  get stdout(): string {
    return this.#output.stdout;
  }

  get stderr(): string {
    return this.#output.stderr;
  }

  signal(name: NodeJS.Signals): void {
    this.#output.child.kill(name);
  }

  get hasExited(): boolean {
    return this.#output.hasExited;
  }

  /** The exit code; null when a signal ended it. */
  exit(): Promise<number | null> {
    return exitOf(this.#output);
  }

  /** Ends the process, at once when it does not want to, and takes its data directory away. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    await exitOf(this.#output, 5_000).catch(() => {
      this.signal('SIGKILL');
      return exitOf(this.#output);
    });
    if (this.#ownsDataDir) await rm(this.dataDir, { recursive: true, force: true });
  }

  /** Asks the admin API; throws when it answers with errors. */
  async query(query: string, variables: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.origin}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
      body: JSON.stringify({ query, variables }),
    });
    const reply: unknown = await response.json();
    if (isRecord(reply) && !('errors' in reply) && isRecord(reply.data)) return reply.data;
    throw new Error(`Cannot query the admin API: ${JSON.stringify(reply)}`);
  }
}

export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the program to its end. */
export async function runProgram(args: readonly string[], options: ProcessOptions = {}): Promise<Finished> {
  const output = launch(args, options);
  try {
    const code = await exitOf(output);
    return { code, stdout: output.stdout, stderr: output.stderr };
  } finally {
    output.child.kill('SIGKILL');
  }
}

export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'warmpath-test-'));
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

interface Output {
  child: ChildProcess;
  stdout: string;
  stderr: string;
  exitCode: number | null;
  hasExited: boolean;
  /** It could not be started, or a signal ended it. */
  hasFailed: boolean;
}

function launch(args: readonly string[], { launcher = BUN, env = {} }: ProcessOptions): Output {
  const child = spawn(launcher.command, [...launcher.args, ...args], {
    cwd: tmpdir(),
    env: { ...inheritedEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: Output = {
    child,
    stdout: '',
    stderr: '',
    exitCode: null,
    hasExited: false,
    hasFailed: false,
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  child.on('error', (error) => {
    output.stderr += error.message;
    output.hasFailed = true;
    output.hasExited = true;
  });
  // Not `exit`: the last output may come after it.
  child.on('close', (code) => {
    output.exitCode = code;
    output.hasFailed = code === null;
    output.hasExited = true;
  });
  return output;
}

/** Settings of the person who runs the tests must not reach the program. */
function inheritedEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'SystemRoot'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

async function exitOf(output: Output, deadlineMs = EXIT_DEADLINE_MS): Promise<number | null> {
  await eventually('the process end', () => output.hasExited, { deadlineMs });
  return output.exitCode;
}

/** The runtime that is installed with the project. */
function runtime(name: 'bun' | 'deno' | 'node', args: readonly string[]): Launcher {
  // Not every npm links a package's command that is called "node"; the tests themselves run on that one.
  const command = name === 'node' ? process.execPath : join(ROOT, 'node_modules', '.bin', name);
  return { name, command, args, missing: existsSync(command) ? null : `${name} is not installed` };
}
