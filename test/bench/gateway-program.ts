// The gateway as a process of its own for the benches: which program, with what configuration, on which processor.

import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from './child.ts';

export interface GatewayProgram {
  command: string;
  args: readonly string[];
  description: string;
}

export interface RunningGateway {
  port: number;
  child: Child;
  /** Asks the admin API; throws when it answers with errors. */
  query(query: string): Promise<unknown>;
  stop(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BINARY = join(ROOT, 'dist', 'warmpath');
const ADMIN_TOKEN = 'admin-token-of-the-benches-only';

/** The one named; else the compiled program when it is newer than all it is made of, else the sources. */
export function gatewayProgram(file: string | null): GatewayProgram {
  if (file !== null) return { command: resolve(file), args: [], description: file };
  if (existsSync(BINARY) && statSync(BINARY).mtimeMs > newestSourceMs()) {
    return { command: BINARY, args: [], description: 'dist/warmpath' };
  }
  const description = 'bun server/main.ts (dist/warmpath is not there or older than the sources)';
  return { command: process.execPath, args: [join(ROOT, 'server', 'main.ts')], description };
}

/** Of the program, if it is compiled, or of the last build. */
export function binaryMib({ command, args }: GatewayProgram): number | null {
  const file = args.length === 0 ? command : BINARY;
  return existsSync(file) ? statSync(file).size / 1024 / 1024 : null;
}

/** Configuration and data go into the folder; data that is there already is used. */
export async function startGateway(options: {
  program: GatewayProgram;
  config: unknown;
  folder: string;
  /** The processor it is kept on; null = any. */
  cpu: number | null;
}): Promise<RunningGateway> {
  const { program, folder } = options;
  mkdirSync(folder, { recursive: true });
  const config = join(folder, 'warmpath.yaml');
  // JSON is YAML too.
  writeFileSync(config, JSON.stringify(options.config));
  const child = new Child({
    command: program.command,
    args: [...program.args, 'serve', '--config', config, '--data-dir', join(folder, 'data'), '--port', '0'],
    cpu: options.cpu,
    env: { WARMPATH_ADMIN_TOKEN: ADMIN_TOKEN },
  });
  const port = Number(await child.match(/listens on http:\/\/[^:]+:(\d+)/));
  return { port, child, query: (query) => ask(port, query), stop: () => child.stop() };
}

/** One provider of Anthropic's dialect with accounts that are all alike. */
export function benchConfig(options: {
  upstreamPort: number;
  model: string;
  apiKey: string;
  accounts: number;
}): Record<string, unknown> {
  const { upstreamPort, model, apiKey } = options;
  const baseUrl = `http://127.0.0.1:${upstreamPort}`;
  return {
    requireApiKey: true,
    providers: [
      {
        name: 'bench',
        allowPrivateNetwork: true,
        endpoints: [{ name: 'main', surface: 'anthropic-messages', baseUrl }],
        accounts: Array.from({ length: options.accounts }, (_, index) => ({
          name: `account-${index + 1}`,
          credential: `credential-${index + 1}`,
        })),
        models: [{ model }],
      },
    ],
    apiKeys: [{ name: 'bench', key: apiKey }],
  };
}

async function ask(port: number, query: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_TOKEN}` },
    body: JSON.stringify({ query }),
  });
  const reply: unknown = await response.json();
  if (typeof reply === 'object' && reply && !('errors' in reply) && 'data' in reply) return reply.data;
  throw new Error(`Cannot query the admin API: ${JSON.stringify(reply)}`);
}

function newestSourceMs(): number {
  return ['server', 'ui'].reduce((newest, place) => {
    const files = readdirSync(join(ROOT, place), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      // What the build itself writes.
      .filter((file) => !file.includes(join('ui', 'dist')) && !file.endsWith('assets.js'));
    return files.reduce((max, file) => Math.max(max, statSync(file).mtimeMs), newest);
  }, 0);
}
