// The tables as Kysely sees them. Columns are named as the fields that they hold; flags are 0 or 1, lists are JSON.

import type { Generated, Kysely } from 'kysely';
import type {
  AccountRow,
  AdminSession,
  ApiKey,
  Binding,
  Endpoint,
  Model,
  ModelMapping,
  Provider,
  RequestRow,
  User,
} from '../gateway/ports.ts';

type Flag = 0 | 1;

export type ProviderRecord = Omit<Provider, 'allowPrivateNetwork'> & { allowPrivateNetwork: Flag };
export type AccountRecord = Omit<AccountRow, 'isPaused'> & { isPaused: Flag };
/** `price`: JSON of ModelPrice. */
export type ModelRecord = Omit<Model, 'price'> & { price: string | null };
/** `aliases`: JSON of string[]. */
export type MappingRecord = Omit<ModelMapping, 'aliases'> & { aliases: string };
export type ApiKeyRecord = Omit<ApiKey, 'isEnabled'> & { isEnabled: Flag };
/** `attempts`: JSON of AttemptRow[]. */
export type RequestRecord = Omit<RequestRow, 'isStreamed' | 'attempts'> & {
  isStreamed: Flag;
  attempts: string;
};
/** `value`: JSON of Settings. The table holds one row, id 1. */
type SettingRecord = { id: 1; value: string };

export interface Database {
  provider: ProviderRecord;
  endpoint: Endpoint;
  account: AccountRecord;
  model: ModelRecord;
  mapping: MappingRecord;
  user: User;
  apiKey: ApiKeyRecord;
  setting: SettingRecord;
  /** `seq` counts rows in the order of writing. */
  request: RequestRecord & { seq: Generated<number> };
  binding: Binding;
  secret: { name: string; value: string };
  session: AdminSession;
}

export function flag(value: boolean): Flag {
  return value ? 1 : 0;
}

/** A value as JSON can carry it, in the order of the statement's placeholders. */
export type RowValues = readonly (string | number | null)[];

export interface RowBatch {
  sql: string;
  rows: readonly RowValues[];
}

/** A database engine as the stores use it: typed queries, and fast writing of many rows at once. */
export interface SqlEngine {
  readonly db: Kysely<Database>;
  /** Runs every statement for every row of it, all in one transaction. Rows that break a constraint fail all. */
  writeRows(batches: readonly RowBatch[]): Promise<void>;
  /** As `writeRows`, but a row that breaks a constraint is left out; resolves to how many were, and why. */
  writeGoodRows(batch: RowBatch): Promise<{ skippedRows: number; skipReason: string | null }>;
  /** Gives unused space of the file back in small steps, when there is much of it. */
  shrink(): Promise<void>;
  close(): Promise<void>;
}
