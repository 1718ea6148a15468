// How warm prefixes are kept over a restart. Types.

/** A place up to which a prompt is warm in one space. Times are the wall clock's. */
export interface WarmthRow {
  /** Whose prefix it is; requests of other scopes never see it. */
  scope: string;
  space: string;
  /** Hash of the content up to here, a safe integer. */
  hash: number;
  bytes: number;
  /** As the provider counted them; 0 = not known. */
  tokens: number;
  /** What a read extends it by. */
  ttlMs: number;
  untilMs: number;
  /** A later prompt can be read from its cache up to exactly here, by the provider's own rule. */
  isEnd: boolean;
  /** The latest request that contained it. */
  requestId: string;
}

export interface WarmthChanges {
  put: readonly WarmthRow[];
  /** Spaces whose rows all go, the ones put in the same call excepted. */
  deleteSpaces: readonly string[];
  delete: readonly { space: string; hash: number }[];
  /** Rows that ended before go too: nobody else deletes them. */
  expiredBeforeMs: number;
}

export interface WarmthStore {
  /** Those that end after `nowMs`, the ones that end last first, at most `limit`. */
  load(nowMs: number, limit?: number): Promise<WarmthRow[]>;
  save(changes: WarmthChanges): Promise<void>;
}
