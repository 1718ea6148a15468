// What a simulated policy sees and says. Types.

import type { ReplayAccount } from './account.ts';
import type { Ask } from './ask.ts';

/** The accounts at the moment of choice. */
export interface Pool {
  nowMs: number;
  accounts: readonly ReplayAccount[];
  /** Mean time that a request held its slot so far. */
  serviceMs: number;
  /** After this a request that still waits is refused. */
  deadlineMs: number;
}

/** `send`: to an account that is open. `wait`: for that account, or for any; asked again when a slot is free and every half second. */
export type Choice = { kind: 'send'; account: number } | { kind: 'wait'; account: number | null };

export interface ReplayPolicy {
  choose(ask: Ask, pool: Pool): Choice;
  /** It has been sent there. */
  sent?(ask: Ask, account: number, pool: Pool): void;
  /** Its reply begins. */
  firstByte?(ask: Ask, account: number, pool: Pool): void;
}

export function send(account: number): Choice {
  return { kind: 'send', account };
}

export function waitFor(account: number | null): Choice {
  return { kind: 'wait', account };
}
