// How the process is started: flag, then environment, then file, then default. Pure.

import { join } from 'node:path';
import type { Environment } from './interpolate.ts';
import type { ConfigFile } from './schema.ts';

/** What flags and environment say; null = not said there. */
export interface GivenOptions {
  port: number | null;
  host: string | null;
  dataDir: string | null;
  /** Path of the configuration file. */
  configFile: string | null;
  demo: boolean;
  /** Bearer token with full admin scope, for automation. */
  adminToken: string | null;
  /** Encrypts credentials at rest; null = the one in the data directory. */
  masterKey: string | null;
}

export interface StartOptions extends GivenOptions {
  port: number;
  host: string;
  dataDir: string;
}

const DEFAULT_PORT = 8787;
const DEFAULT_HOST = '127.0.0.1';

export function resolveOptions(
  given: GivenOptions,
  { file, dataDir }: { file: Pick<ConfigFile, 'port' | 'host' | 'dataDir'> | null; dataDir: string },
): StartOptions {
  return {
    ...given,
    port: given.port ?? file?.port ?? DEFAULT_PORT,
    host: given.host ?? file?.host ?? DEFAULT_HOST,
    dataDir: given.dataDir ?? file?.dataDir ?? dataDir,
  };
}

/** Where data is kept when nothing says otherwise: the place that the operating system has for it. */
export function defaultDataDir(system: { env: Environment; platform: string; homeDir: string }): string {
  const { env, platform, homeDir } = system;
  if (platform === 'win32') return join(env.LOCALAPPDATA || join(homeDir, 'AppData', 'Local'), 'warmpath');
  if (platform === 'darwin') return join(homeDir, 'Library', 'Application Support', 'warmpath');
  return join(env.XDG_DATA_HOME || join(homeDir, '.local', 'share'), 'warmpath');
}
