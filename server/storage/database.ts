// The tables as Kysely sees them. Columns are named as the fields that they hold; flags are 0 or 1, lists are JSON.

import type { Generated, Kysely } from 'kysely';
import type { AdminSession, AdminToken, AuditEntry } from '../gateway/admin-store.ts';
import type {
  AccountRow,
  ApiKey,
  Binding,
  Endpoint,
  Model,
  ModelMapping,
  Provider,
  RequestRow,
  User,
} from '../gateway/ports.ts';
import type { WarmthRow } from '../routing/warmth-store.ts';
import type { TallyState, WorkName, WorkOptions, WorkResult } from './log-work.ts';

type Flag = 0 | 1;

export type ProviderRecord = Omit<Provider, 'allowPrivateNetwork'> & { allowPrivateNetwork: Flag };
/** `credentialOrigins`: JSON of string[]. */
export type AccountRecord = Omit<AccountRow, 'isPaused' | 'credentialOrigins'> & {
  isPaused: Flag;
  credentialOrigins: string;
};
/** `price`: JSON of ModelPrice. */
export type ModelRecord = Omit<Model, 'price'> & { price: string | null };
/** `aliases`: JSON of string[]. */
export type MappingRecord = Omit<ModelMapping, 'aliases'> & { aliases: string };
type ApiKeyList = 'allowedModelIds' | 'allowedProviderIds' | 'allowedSurfaces' | 'allowedIps';
/** Lists: JSON of string[]; null = not restricted. */
export type ApiKeyRecord = Omit<ApiKey, 'isEnabled' | ApiKeyList> & {
  isEnabled: Flag;
} & Record<ApiKeyList, string | null>;
export type BindingRecord = Omit<Binding, 'isPinned'> & { isPinned: Flag };
/** `value`: JSON of Settings. The table holds one row, id 1. */
type SettingRecord = { id: 1; value: string };
/** Which account made something that only it can read again; `hash` stands for the thing's id. */
export interface PinRecord {
  hash: string;
  accountId: string;
  expiresAtMs: number;
}

/** A place up to which a prompt is warm in one space of a provider's cache. */
export type WarmthRecord = Omit<WarmthRow, 'isEnd'> & { isEnd: Flag };

/** What is configured, and the small things that outlive a restart. */
export interface Database {
  provider: ProviderRecord;
  endpoint: Endpoint;
  account: AccountRecord;
  model: ModelRecord;
  mapping: MappingRecord;
  user: User;
  apiKey: ApiKeyRecord;
  setting: SettingRecord;
  binding: BindingRecord;
  pin: PinRecord;
  warmth: WarmthRecord;
  secret: { name: string; value: string };
  session: AdminSession;
  adminToken: AdminToken;
  audit: AuditEntry;
}

/** Columns of a request that are filtered by or summed up; the rest of the row is in `tail`, see request-records.ts. */
export type RequestRecord = Pick<RequestRow, RequestColumn> & {
  isStreamed: Flag;
  isKeepWarm: Flag;
  tail: string;
};
type RequestColumn =
  | 'id'
  | 'requestId'
  | 'startedAtMs'
  | 'latencyMs'
  | 'timeToFirstTokenMs'
  | 'surface'
  | 'requestedModel'
  | 'modelId'
  | 'status'
  | 'outcome'
  | 'errorMessage'
  | 'apiKeyId'
  | 'apiKeyName'
  | 'userId'
  | 'sessionId'
  | 'providerId'
  | 'accountId'
  | 'inputTokens'
  | 'outputTokens'
  | 'cacheReadTokens'
  | 'cacheWriteTokens'
  | 'usageSource'
  | 'costNanoUsd'
  | 'savedNanoUsd'
  | 'cacheReadNanoUsd'
  | 'cacheWriteNanoUsd'
  | 'credits'
  | 'affinity'
  | 'missCause';

/** `id`: of its request. */
export interface BodyRecord {
  id: string;
  atMs: number;
  request: string;
  upstreamRequest: string | null;
  requestHeaders: string | null;
  reply: string;
  isCut: Flag;
}

/** `sheet`: JSON of PriceSheet; `id` is made of it. `lastDay`: days since 1970 until the newest row that refers to it. */
export interface PriceSheetRecord {
  id: string;
  sheet: string;
  lastDay: number;
}

/** The request log, in a file of its own: it grows, and losing it loses no configuration. */
export interface LogDatabase {
  /** `seq` counts rows in the order of writing. */
  request: RequestRecord & { seq: Generated<number> };
  requestBody: BodyRecord;
  priceSheet: PriceSheetRecord;
  /** One row. The tables of sums have no types here: they are made of lists, see tally-kinds.ts. */
  tallyState: TallyState;
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

/** A row as text already, so that handing over thousands costs the main thread next to nothing. */
export interface RowText {
  /** JSON of RowValues. */
  head: string;
  /** Value of the last placeholder as it is, without a line break; null = the head has all values. */
  tail: string | null;
}

/** A database engine as the stores use it: typed queries, and fast writing of many rows at once. */
export interface SqlEngine<Tables = Database> {
  readonly db: Kysely<Tables>;
  /** Runs every statement for every row of it, all in one transaction. Rows that break a constraint fail all. */
  writeRows(batches: readonly RowBatch[]): Promise<void>;
  /**
   * All rows in one transaction; one that breaks a constraint is left out. Resolves to how many were, and why. `first`:
   * what must be there before them, in the same transaction.
   */
  writeGoodRows(batch: { sql: string; rows: readonly RowText[]; first?: RowBatch }): Promise<SkippedRows>;
  /** Gives unused space of the file back in small steps, when there is much of it. */
  shrink(): Promise<void>;
  /** Work of more than one statement, done by the thread in one transaction. */
  work<Name extends WorkName>(name: Name, options: WorkOptions<Name>): Promise<WorkResult<Name>>;
  close(): Promise<void>;
}

export interface SkippedRows {
  skippedRows: number;
  skipReason: string | null;
}
