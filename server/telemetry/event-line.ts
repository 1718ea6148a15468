// One event of the program's log as a line: JSON for machines, or text for people. Pure.

export const LOG_LEVELS = ['info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['json', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LogEvent {
  atMs: number;
  level: LogLevel;
  /** A short stable name. */
  event: string;
  fields: Readonly<Record<string, unknown>>;
}

/** Whether the event is of the least level or above. */
export function isLogged(level: LogLevel, least: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) >= LOG_LEVELS.indexOf(least);
}

/** Without a line break at its end, and none inside. */
export function eventLine({ atMs, level, event, fields }: LogEvent, format: LogFormat): string {
  const time = new Date(atMs).toISOString();
  if (format === 'json') return JSON.stringify({ time, level, event, ...fields });
  const facts = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => ` ${name}=${factText(value)}`);
  return `${time} ${level.toUpperCase().padEnd(5)} ${event}${facts.join('')}`;
}

/** As it is where it cannot be misread, else as JSON, which has no raw line breaks or control characters. */
function factText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return /^[^\s"=\p{Cc}\u2028\u2029]+$/u.test(text) || typeof value !== 'string'
    ? text
    : JSON.stringify(text);
}
