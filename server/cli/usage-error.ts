// A command line or environment that cannot be used. Exit code 2.

import { closest } from '../config/suggest.ts';

export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly kind = 'usage-error';
  /** What was probably meant. */
  readonly suggestion: string | null;

  constructor(message: string, options: { word?: string; candidates?: readonly string[] } = {}) {
    super(message);
    this.suggestion = options.word === undefined ? null : closest(options.word, options.candidates ?? []);
  }
}

/** For standard error. */
export function renderUsageError({ message, suggestion }: UsageError): string {
  const hint = suggestion === null ? '' : `. Did you mean "${suggestion}"?`;
  return `${message}${hint}\nRun "warmpath --help" for all commands and flags.`;
}
