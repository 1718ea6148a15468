// The panel's login: one-time setup token, password, server-side sessions. Holds no secret in clear text.

import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { AdminSession, AdminStore, AdminToken } from '../gateway/admin-store.ts';
import type { Clock } from '../gateway/ports.ts';
import { hashSecret } from './api-keys.ts';
import { EndListeners } from './end-listeners.ts';
import { hashPassword, isPassword, MAX_PASSWORD_CHARACTERS, MIN_PASSWORD_CHARACTERS } from './password.ts';

/** A session ends after this long without a request … */
export const IDLE_LIFETIME_MS = 24 * 3600_000;
/** … and this long after login, whatever happens. */
export const ABSOLUTE_LIFETIME_MS = 30 * 24 * 3600_000;
/** `lastSeenAtMs` is written at most this often, so that a busy panel is not one write per request. */
const SEEN_WRITE_INTERVAL_MS = 60_000;
/** Wrong passwords in a row that cost nothing; each further one doubles the wait, from the first to the longest. */
const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 15_000;
const LONGEST_WAIT_MS = 15 * 60_000;
/** 256 random bits as base64url are 43 characters; anything longer is not ours and is not worth hashing. */
const MAX_TOKEN_CHARACTERS = 100;

export type LoginRefusalCode =
  | 'wrong-password'
  | 'too-many-attempts'
  | 'invalid-setup-token'
  | 'password-too-short'
  | 'password-too-long';

export interface LoginRefusal {
  code: LoginRefusalCode;
  message: string;
  /** How long to wait; only for `too-many-attempts`. */
  retryAfterMs?: number;
  /** How many characters a password has at least or at most. */
  limit?: { problem: 'too-short'; min: number } | { problem: 'too-long'; max: number };
}

/** `token` goes into the cookie and nowhere else. */
export type LoginResult =
  | { isGranted: true; token: string; session: AdminSession }
  | { isGranted: false; refusal: LoginRefusal };

/** Owns login attempts and sessions of one panel. */
export class Sessions {
  readonly #store: AdminStore;
  readonly #clock: Clock;
  readonly #endListeners = new EndListeners();
  /** Grows with every ended session. */
  #endCount = 0;
  #failuresInRow = 0;
  #lockedUntilMs = 0;
  #isPasswordKnown = false;
  /** Setup and login run one after another: a token is spent once, and a flood costs one hash at a time. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(store: AdminStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Makes the token with which the next `setup` sets the password; any older one stops working. */
  async issueSetupToken(): Promise<string> {
    const token = randomToken();
    await this.#store.setSecret('setup-token-hash', hashSecret(token));
    return token;
  }

  /** Whether a password has been set. */
  async isSetUp(): Promise<boolean> {
    this.#isPasswordKnown ||= (await this.#store.getSecret('password-hash')) !== null;
    return this.#isPasswordKnown;
  }

  /** Spends the setup token, sets the password, ends every session and logs in. A refused password spends nothing. */
  setup(setupToken: string, password: string): Promise<LoginResult> {
    return this.#inTurn(async () => {
      const weakness = passwordWeakness(password);
      if (weakness) return refused(weakness);
      const expected = await this.#store.getSecret('setup-token-hash');
      if (expected === null || !isHashOf(setupToken, expected)) return refused(INVALID_SETUP_TOKEN);
      await this.#store.setSecret('setup-token-hash', null);
      await this.#store.setSecret('password-hash', await hashPassword(password));
      this.#endCount += 1;
      await this.#store.deleteSession(null);
      this.#endListeners.announceAll();
      this.#forgiveFailures();
      return this.#open();
    });
  }

  /** Logs in under a fresh token; the session of `replacedToken` (the caller's old cookie) ends. */
  login(password: string, replacedToken: string | null = null): Promise<LoginResult> {
    return this.#inTurn(async () => {
      const waitMs = this.#lockedUntilMs - this.#clock.nowMs();
      if (waitMs > 0) return refused(tooManyAttempts(waitMs));
      if (!(await isPassword(password, await this.#store.getSecret('password-hash')))) {
        this.#countFailure();
        return refused(WRONG_PASSWORD);
      }
      this.#forgiveFailures();
      if (replacedToken !== null) await this.logout(replacedToken);
      return this.#open();
    });
  }

  /** Logs in with what an admin token may do; the session ends with the token. */
  loginWithToken(token: AdminToken, replacedToken: string | null = null): Promise<LoginResult> {
    return this.#inTurn(async () => {
      if (replacedToken !== null) await this.logout(replacedToken);
      return this.#open(token);
    });
  }

  /** Ends sessions that were opened with a token which is gone: those of `hashes` are deleted already. */
  announceEnded(hashes: readonly string[]): void {
    this.#endCount += 1;
    for (const hash of hashes) this.#endListeners.announce(hash);
  }

  /** Ends the token's session everywhere; unknown tokens are ignored. */
  async logout(token: string): Promise<void> {
    if (token.length > MAX_TOKEN_CHARACTERS) return;
    await this.#end(hashSecret(token));
  }

  /** The live session behind a cookie, or null. Counts as activity. */
  async verify(token: string): Promise<AdminSession | null> {
    if (token.length === 0 || token.length > MAX_TOKEN_CHARACTERS) return null;
    const endsBefore = this.#endCount;
    const session = await this.#findLive(hashSecret(token));
    if (!session) return null;
    const nowMs = this.#clock.nowMs();
    // A logout may have passed between the read and here; writing then would bring the session back.
    if (nowMs - session.lastSeenAtMs < SEEN_WRITE_INTERVAL_MS || this.#endCount !== endsBefore)
      return session;
    const seen = { ...session, lastSeenAtMs: nowMs };
    await this.#store.putSession(seen);
    return seen;
  }

  /** Whether the session still holds. Does not count as activity, so an open stream does not keep it alive. */
  async isLive(hash: string): Promise<boolean> {
    return (await this.#findLive(hash)) !== null;
  }

  /** Calls `listener` when the session is ended here (logout, new login, setup); the result stops listening. */
  onEnd(hash: string, listener: () => void): () => void {
    return this.#endListeners.add(hash, listener);
  }

  async #open(
    by: Pick<AdminToken, 'id' | 'name' | 'role' | 'expiresAtMs'> | null = null,
  ): Promise<LoginResult> {
    const token = randomToken();
    const nowMs = this.#clock.nowMs();
    const session: AdminSession = {
      hash: hashSecret(token),
      createdAtMs: nowMs,
      lastSeenAtMs: nowMs,
      expiresAtMs: Math.min(nowMs + ABSOLUTE_LIFETIME_MS, by?.expiresAtMs ?? Number.POSITIVE_INFINITY),
      name: by?.name ?? 'panel',
      role: by?.role ?? 'admin',
      tokenId: by?.id ?? null,
    };
    await this.#store.putSession(session);
    return { isGranted: true, token, session };
  }

  async #findLive(hash: string): Promise<AdminSession | null> {
    const session = await this.#store.findSession(hash);
    if (!session) return null;
    if (sessionEndMs(session) > this.#clock.nowMs()) return session;
    await this.#end(hash);
    return null;
  }

  async #end(hash: string): Promise<void> {
    this.#endCount += 1;
    await this.#store.deleteSession(hash);
    this.#endListeners.announce(hash);
  }

  #countFailure(): void {
    this.#failuresInRow += 1;
    const excess = this.#failuresInRow - FREE_FAILURES;
    if (excess < 0) return;
    this.#lockedUntilMs = this.#clock.nowMs() + Math.min(FIRST_WAIT_MS * 2 ** excess, LONGEST_WAIT_MS);
  }

  #forgiveFailures(): void {
    this.#failuresInRow = 0;
    this.#lockedUntilMs = 0;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => undefined);
    return done;
  }
}

/** When the session ends if nobody uses it any more. */
export function sessionEndMs(session: AdminSession): number {
  return Math.min(session.lastSeenAtMs + IDLE_LIFETIME_MS, session.expiresAtMs);
}

/** Whether two secrets are equal, in a time that tells nothing about where they differ. */
export function areSecretsEqual(a: string, b: string): boolean {
  return areDigestsEqual(hashSecret(a), hashSecret(b));
}

const WRONG_PASSWORD: LoginRefusal = { code: 'wrong-password', message: 'Cannot log in: wrong password' };
const INVALID_SETUP_TOKEN: LoginRefusal = {
  code: 'invalid-setup-token',
  message: 'Cannot set the password: the setup token is wrong, spent or replaced by a newer one',
};

function tooManyAttempts(waitMs: number): LoginRefusal {
  const seconds = Math.ceil(waitMs / 1000);
  return {
    code: 'too-many-attempts',
    message: `Cannot log in: too many wrong passwords, wait ${seconds} s`,
    retryAfterMs: waitMs,
  };
}

function passwordWeakness(password: string): LoginRefusal | null {
  if (password.length < MIN_PASSWORD_CHARACTERS) {
    const message = `Cannot set the password: it needs at least ${MIN_PASSWORD_CHARACTERS} characters`;
    return {
      code: 'password-too-short',
      message,
      limit: { problem: 'too-short', min: MIN_PASSWORD_CHARACTERS },
    };
  }
  if (password.length <= MAX_PASSWORD_CHARACTERS) return null;
  const message = `Cannot set the password: it has more than ${MAX_PASSWORD_CHARACTERS} characters`;
  return { code: 'password-too-long', message, limit: { problem: 'too-long', max: MAX_PASSWORD_CHARACTERS } };
}

function refused(refusal: LoginRefusal): LoginResult {
  return { isGranted: false, refusal };
}

function randomToken(): string {
  return randomBytes(32).toString('base64url');
}

function isHashOf(token: string, hash: string): boolean {
  return token.length <= MAX_TOKEN_CHARACTERS && areDigestsEqual(hashSecret(token), hash);
}

function areDigestsEqual(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
