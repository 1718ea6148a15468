// What the panel login needs kept. Types only.

export interface AdminSession {
  /** Hex SHA-256 of the session token. */
  hash: string;
  createdAtMs: number;
  lastSeenAtMs: number;
  expiresAtMs: number;
}

type AdminSecret = 'password-hash' | 'setup-token-hash' | 'master-key-canary';

/** What the panel login needs kept: the password hash, the one-time setup token's hash, sessions. */
export interface AdminStore {
  getSecret(name: AdminSecret): Promise<string | null>;
  /** Null deletes. */
  setSecret(name: AdminSecret, value: string | null): Promise<void>;
  findSession(hash: string): Promise<AdminSession | null>;
  putSession(session: AdminSession): Promise<void>;
  /** Null deletes every session. */
  deleteSession(hash: string | null): Promise<void>;
}
