// Named bearer tokens of the admin API, each with a role. Holds hashes only; a secret is shown once, when it is made.

import { randomBytes } from 'node:crypto';
import type { AdminRole, AdminStore, AdminToken } from '../gateway/admin-store.ts';
import type { Clock } from '../gateway/ports.ts';
import { hashSecret, maskSecret } from './api-keys.ts';
import { EndListeners } from './end-listeners.ts';

/** Tells an admin token from an API key, for people and for secret scanners. */
const ADMIN_TOKEN_PREFIX = 'wpa_';
/** All of them are kept in memory. */
export const MAX_ADMIN_TOKENS = 200;
const RANDOM_BYTES = 32;
const MAX_TOKEN_CHARACTERS = 100;

/** Owns the admin tokens of one installation; only this process changes them. */
export class AdminTokens {
  readonly #store: Pick<AdminStore, 'listTokens' | 'putToken' | 'deleteToken'>;
  readonly #clock: Clock;
  readonly #endListeners = new EndListeners();
  #known: Promise<AdminToken[]> | null = null;

  constructor(store: Pick<AdminStore, 'listTokens' | 'putToken' | 'deleteToken'>, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** In the order they were made, expired ones included. */
  list(): Promise<AdminToken[]> {
    this.#known ??= this.#read();
    return this.#known;
  }

  #read(): Promise<AdminToken[]> {
    const tokens = this.#store.listTokens();
    tokens.catch(() => {
      if (this.#known === tokens) this.#known = null;
    });
    return tokens;
  }

  /** `secret` is shown once and never stored. The caller has checked that the name is free. */
  async issue(of: {
    id: string;
    name: string;
    role: AdminRole;
    expiresAtMs: number | null;
  }): Promise<{ token: AdminToken; secret: string }> {
    const secret = ADMIN_TOKEN_PREFIX + randomBytes(RANDOM_BYTES).toString('base64url');
    const createdAtMs = this.#clock.nowMs();
    const token = { ...of, hash: hashSecret(secret), masked: maskSecret(secret), createdAtMs };
    await this.#store.putToken(token);
    this.#known = null;
    return { token, secret };
  }

  /** The live token behind a secret; null when there is none. */
  async verify(secret: string): Promise<AdminToken | null> {
    if (!secret.startsWith(ADMIN_TOKEN_PREFIX) || secret.length > MAX_TOKEN_CHARACTERS) return null;
    const hash = hashSecret(secret);
    const token = (await this.list()).find((one) => one.hash === hash);
    return token && !this.#isExpired(token) ? token : null;
  }

  async isLive(hash: string): Promise<boolean> {
    const token = (await this.list()).find((one) => one.hash === hash);
    return token !== undefined && !this.#isExpired(token);
  }

  /** Refused from now on; resolves to the hashes of the sessions that were opened with it and ended too. */
  async revoke(id: string): Promise<string[]> {
    const token = (await this.list()).find((one) => one.id === id);
    const endedSessions = await this.#store.deleteToken(id);
    this.#known = null;
    if (token) this.#endListeners.announce(token.hash);
    return endedSessions;
  }

  /** Calls `listener` when the token is revoked; the result stops listening. */
  onEnd(hash: string, listener: () => void): () => void {
    return this.#endListeners.add(hash, listener);
  }

  #isExpired({ expiresAtMs }: AdminToken): boolean {
    return expiresAtMs !== null && expiresAtMs <= this.#clock.nowMs();
  }
}
