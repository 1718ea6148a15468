// What the admin API needs kept besides the catalogue: logins, admin tokens, the audit log. Types only.

/** Each may do what those after it may: change what is configured, keep it running, read all. */
export type AdminRole = 'admin' | 'operator' | 'viewer';

export interface AdminSession {
  /** Hex SHA-256 of the session token. */
  hash: string;
  createdAtMs: number;
  lastSeenAtMs: number;
  expiresAtMs: number;
  /** Whose session: `panel` for the password's, else the name of the admin token that was given instead. */
  name: string;
  role: AdminRole;
  /** The session ends with this admin token; null = it was opened by the password. */
  tokenId: string | null;
}

/** A bearer token for scripts, or for people who shall see the panel without its password. */
export interface AdminToken {
  id: string;
  name: string;
  /** Hex SHA-256 of the whole token. */
  hash: string;
  /** First 4 and last 4 characters. */
  masked: string;
  role: AdminRole;
  createdAtMs: number;
  /** Null = never. */
  expiresAtMs: number | null;
}

type AdminSecret = 'password-hash' | 'setup-token-hash' | 'master-key-canary';

/** The password hash, the one-time setup token's hash, sessions and admin tokens. */
export interface AdminStore {
  getSecret(name: AdminSecret): Promise<string | null>;
  /** Null deletes. */
  setSecret(name: AdminSecret, value: string | null): Promise<void>;
  findSession(hash: string): Promise<AdminSession | null>;
  putSession(session: AdminSession): Promise<void>;
  /** Null deletes every session. */
  deleteSession(hash: string | null): Promise<void>;
  /** In order of id. */
  listTokens(): Promise<AdminToken[]>;
  putToken(token: AdminToken): Promise<void>;
  /** Deletes the token and the sessions opened with it; resolves to the hashes of these. */
  deleteToken(id: string): Promise<string[]>;
}

/** `refused`: an expected failure, told to the caller. `denied`: the role does not reach so far. `failed`: a fault of ours. */
export type AuditOutcome = 'ok' | 'refused' | 'denied' | 'failed';

/** One mutation, whether it changed something or not. */
export interface AuditEntry {
  /** UUIDv7, so ids sort by time. */
  id: string;
  atMs: number;
  /** `panel`, `admin-token`, the name of an admin token or API key; `nobody` before a login. */
  actor: string;
  role: AdminRole | 'own' | null;
  /** Name of the mutation. */
  action: string;
  /** JSON of its arguments, without secrets, cut. */
  arguments: string;
  outcome: AuditOutcome;
  /** Codes of what was refused or failed, joined by commas; null = nothing was. */
  errorCodes: string | null;
}

/** Every given field must match. Times are half-open `[fromMs, toMs)`. */
export interface AuditFilter {
  fromMs?: number;
  toMs?: number;
  actor?: string;
  action?: string;
  outcome?: AuditOutcome;
  /** Case-insensitive part of actor, action or arguments. */
  search?: string;
}

export interface AuditLog {
  append(entry: AuditEntry): Promise<void>;
  /** Newest first, those after `afterId` in that order. */
  page(filter: AuditFilter, options: { limit: number; afterId: string | null }): Promise<AuditEntry[]>;
  count(filter: AuditFilter): Promise<number>;
}
