// The one error type that leaves this room: a code for machines, a sentence for people.

/**
 * - `cannot-open`, `not-a-database`, `corrupt`, `newer-schema`: the database file cannot be used; fatal at start.
 * - `name-taken`: a unique name (or an API key's hash) exists already; `table` and `field` say which.
 * - `missing-reference`: a row names a provider, model or user that does not exist.
 * - `disk-full`, `locked`, `read-only`, `broken`: the disk or another process; may pass by itself.
 * - `closed`: the storage was closed or its thread died. `failed`: anything else.
 */
export type StorageErrorCode =
  | 'cannot-open'
  | 'not-a-database'
  | 'corrupt'
  | 'newer-schema'
  | 'name-taken'
  | 'missing-reference'
  | 'disk-full'
  | 'locked'
  | 'read-only'
  | 'broken'
  | 'closed'
  | 'failed';

export class StorageError extends Error {
  readonly code: StorageErrorCode;
  readonly table: string | null;
  readonly field: string | null;

  constructor(
    code: StorageErrorCode,
    message: string,
    options: { cause?: unknown; table?: string; field?: string } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : {});
    this.name = 'StorageError';
    this.code = code;
    this.table = options.table ?? null;
    this.field = options.field ?? null;
  }
}

/** The sentence of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
