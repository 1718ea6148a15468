// As whom the explorer asks: the session of the panel, or a token that was pasted. The token is in memory only.

import { onLoggedOut } from '../../lib/graphql.ts';
import { readToken } from './execute.ts';

export const ASKERS = ['session', 'token'] as const;

export class Asker {
  kind = $state<(typeof ASKERS)[number]>('session');
  /** As it was typed, for the field alone. */
  pasted = $state('');
  /** Asked without a token: the field then says what is missing. */
  isMissed = $state(false);
  readonly #stopListening = onLoggedOut(() => this.forget());

  /** Null = the session asks, or the token cannot be one. */
  get token(): string | null {
    return this.kind === 'token' ? readToken(this.pasted) : null;
  }

  get isReady(): boolean {
    return this.kind === 'session' || this.token !== null;
  }

  get problem(): 'missing' | 'malformed' | null {
    if (this.isReady) return null;
    if (this.pasted.trim() !== '') return 'malformed';
    return this.isMissed ? 'missing' : null;
  }

  choose(kind: (typeof ASKERS)[number]): void {
    this.kind = kind;
    this.isMissed = false;
  }

  forget(): void {
    this.pasted = '';
    this.choose('session');
  }

  dispose(): void {
    this.forget();
    this.#stopListening();
  }
}
