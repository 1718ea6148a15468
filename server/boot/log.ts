// One JSON line per event on standard error. Never given secrets: errors are logged by code and message only.

export type LogLevel = 'info' | 'warn' | 'error';

/** `event` is a short stable name; `fields` are its facts. */
export function logEvent(level: LogLevel, event: string, fields: Record<string, unknown> = {}): void {
  const line = { time: new Date().toISOString(), level, event, ...fields };
  process.stderr.write(`${JSON.stringify(line)}\n`);
}

/** Code and message of an error, without its cause chain: causes may quote URLs or input. */
export function errorFields(error: unknown): { code: string | null; message: string } {
  if (!(error instanceof Error)) return { code: null, message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  return { code, message: error.message };
}
