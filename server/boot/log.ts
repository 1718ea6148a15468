// The program's log: one line per event on standard error. Never given secrets: errors are logged by code and message only.

import { Buffer } from 'node:buffer';
import { write, writeSync } from 'node:fs';
import { eventLine, isLogged, type LogFormat, type LogLevel } from '../telemetry/event-line.ts';
import { LineWriter } from '../telemetry/line-writer.ts';

export type { LogLevel } from '../telemetry/event-line.ts';

const STDERR = 2;
/** A pipe that is full for now says so at once; who reads it needs a moment. */
const FULL_PIPE_PAUSE_MS = 20;

/** How events are shown; set once at the start. */
const shown: { level: LogLevel; format: LogFormat } = { level: 'info', format: 'json' };
// Not `process.stderr`, which stops the whole program on some runtimes while nobody reads the pipe.
const lines = new LineWriter((text, done) => writeAll(Buffer.from(text), done));
// Nothing asynchronous gets a turn after `process.exit`.
process.on('exit', () => writeRest(lines.takeRest()));

export function configureLog(options: { level: LogLevel; format: LogFormat }): void {
  Object.assign(shown, options);
}

/** `event` is a short stable name; `fields` are its facts. Never waits and never throws. */
export function logEvent(level: LogLevel, event: string, fields: Record<string, unknown> = {}): void {
  if (!isLogged(level, shown.level)) return;
  lines.add(eventLine({ atMs: Date.now(), level, event, fields }, shown.format));
}

/** Lines that could not be written. */
export function droppedLogLines(): number {
  return lines.dropped;
}

/** Code and message of an error, without its cause chain: causes may quote URLs or input. */
export function errorFields(error: unknown): { code: string | null; message: string } {
  if (!(error instanceof Error)) return { code: null, message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : null;
  return { code, message: error.message };
}

function writeAll(bytes: Buffer, done: (error: unknown) => void): void {
  write(STDERR, bytes, 0, bytes.length, null, (error, written) => {
    if (error?.code === 'EAGAIN') setTimeout(() => writeAll(bytes, done), FULL_PIPE_PAUSE_MS).unref();
    else if (!error && written < bytes.length) writeAll(bytes.subarray(written), done);
    else done(error);
  });
}

function writeRest(text: string): void {
  try {
    if (text !== '') writeSync(STDERR, text);
  } catch {
    // Nobody reads it any more.
  }
}
