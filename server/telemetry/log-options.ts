// What is logged and how, and who may read metrics: by environment and configuration file. Pure.

import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from './event-line.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What the configuration file says; the environment wins. */
export interface LogFile {
  log?:
    | {
        level?: LogLevel | null | undefined;
        format?: LogFormat | null | undefined;
        requests?: boolean | null | undefined;
      }
    | null
    | undefined;
  metrics?: { open?: boolean | null | undefined } | null | undefined;
}

export interface LogOptions {
  level: LogLevel;
  format: LogFormat;
  /** A line for every request. */
  requests: boolean;
}

/** Throws when a variable holds what it cannot. */
export function logOptions(env: Environment, file: LogFile | null): LogOptions {
  return {
    level: choice('WARMPATH_LOG_LEVEL', LOG_LEVELS, env) ?? file?.log?.level ?? 'info',
    format: choice('WARMPATH_LOG_FORMAT', LOG_FORMATS, env) ?? file?.log?.format ?? 'json',
    requests: flag('WARMPATH_LOG_REQUESTS', env) ?? file?.log?.requests ?? false,
  };
}

/** Whether anybody may read the metrics. Throws like `logOptions`. */
export function areMetricsOpen(env: Environment, file: LogFile | null): boolean {
  return flag('WARMPATH_METRICS_OPEN', env) ?? file?.metrics?.open ?? false;
}

function choice<const Option extends string>(
  name: string,
  options: readonly Option[],
  env: Environment,
): Option | null {
  const stated = env[name]?.trim().toLowerCase();
  if (!stated) return null;
  const option = options.find((each) => each === stated);
  if (option === undefined) throw new Error(`Cannot use ${name}: it must be one of ${options.join(', ')}`);
  return option;
}

function flag(name: string, env: Environment): boolean | null {
  const stated = env[name]?.trim().toLowerCase();
  if (!stated) return null;
  if (stated === '1' || stated === 'true') return true;
  if (stated === '0' || stated === 'false') return false;
  throw new Error(`Cannot use ${name}: it must be 1 or 0`);
}
